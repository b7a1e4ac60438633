/**
 * What the server finds wrong, in Chinese, by its code (cloud/api/faults.py, health_check.py). English is the server's own; so is
 * what this table does not know. Tested against the server's table.
 */

import { type Fault, Refused } from '../api/http'
import { fill } from './fill'
import { loginText } from './login'
import { withLocalMoments } from './moments'
import { language } from './text'

const LOOK = '请检查是否写错，或用有权限的账号登录'
const NEW_LINK = '请向团长要一个新链接'
const NEW_DRIVER_LINK = '请向调度员要一个新链接'
const NEW_LEADER_LINK = '请向运营方要一个新链接'
const AGAIN = '改正这一项后重新提交'
const CELL = '改正后重新导入这个订单'

// code → what is wrong, what to do
const ZH: Readonly<Record<string, readonly [string, string]>> = {
  no_log_in: ['需要先登录', '请登录'],
  role_may_not: ['这个账号没有权限', '请联系管理员或调度员'],
  foreign_page: ['请求来自其他网站的页面', '请在本系统的页面上操作'],
  town_elsewhere: ['演示镇只能在运行它的电脑上操作', '请在那台电脑上打开 http://127.0.0.1'],
  town_away: ['演示镇没有应答', '请等几秒，它正在启动或重启'],
  wrong_password: ['账号或密码不对', '请检查后再试；忘记密码请联系管理员'],
  account_disabled: ['这个账号已停用', '请联系管理员'],
  too_many_attempts: ['试的次数太多', '请过 {minutes} 分钟再试'],
  bad_login: ['账号格式不对', '请检查账号'],
  no_operator: ['没有这个运营方', LOOK],
  no_site: ['没有这个站点', LOOK],
  no_sensor: ['这个站点没有这个传感器', LOOK],
  no_resident: ['没有用这个手机号下过单的居民', LOOK],
  no_order: ['没有这个订单', LOOK],
  no_parcel: ['没有这个包裹', LOOK],
  no_message: ['没有这条消息', LOOK],
  no_address: ['没有这个地址', LOOK],
  no_page: ['没有这个页面', LOOK],
  nothing_here: ['没有这个地址', '地址列表见 /api/openapi.json'],
  wrong_method: ['这个地址不支持 {method}', '用法见 /api/openapi.json'],
  bad_request: ['请求有误：{detail}', '改正后再试'],
  no_json: ['内容不是 JSON', '请发送 UTF-8 编码的 JSON'],
  too_large: ['超过 {most} 字节', '请分几次提交'],
  path_too_long: ['地址超过 {most} 字节', '请缩短查询内容'],
  nul_in_path: ['地址里有空字符', '请去掉'],
  unforeseen: ['服务器出错，已经记录', '请稍后再试，或联系管理员'],
  database_away: ['数据库暂时不可用，没有改动任何内容', '请过几秒再试'],
  no_map: ['这张地图已更新', '请刷新页面'],
  no_roads: ['路网暂时不可用：{detail}', '请过一分钟再试，或联系管理员'],
  off_road: ['{lat}, {lon} 附近 {metres} 米内没有道路', '请改正坐标'],
  no_place: ['{site} 还没有坐标', '请先填写它的位置'],
  import_busy: ['扫码和其他导入一直占用这些包裹（试了 {times} 次），没有导入任何订单', '请过一分钟重新导入同一个文件'],
  no_time_zone: ['没有“{name}”这个时区', '例如 Asia/Shanghai'],
  operator_differs: ['{id} 已经登记过，内容不同', '请换一个编号'],
  site_taken: ['{id} 已经登记过', '请换一个编号，或请管理员建立关联'],
  not_your_operator: ['这个账号不能代表 {operator}', '请去掉，或联系管理员'],
  half_coordinates: ['纬度和经度要一起填', '两个都填，或都不填'],
  dates_reversed: ['结束日期不晚于开始日期', '结束当天不算在内'],
  unknown_operator: ['没有运营方 {operator}', '请先登记运营方'],
  message_settled: ['这条消息已经处理过', '只有待处理的消息可以重放或放弃'],
  loss_number: ['数字对不上', '请刷新后再确认'],
  driver_link_invalid: ['链接无效，或复制时少了一段', NEW_DRIVER_LINK],
  driver_link_expired: ['链接已过期', NEW_DRIVER_LINK],
  driver_link_taken_back: ['链接已作废', NEW_DRIVER_LINK],
  run_no_vehicle: ['车次 {run} 还没有派车', '请先派车：司机电话记在车辆上'],
  no_driver_phone: ['车次 {run} 的车辆没有登记司机电话', '请向司机要电话，登记在这里'],
  run_not_left: ['车次 {run} 还没有发车', '请打电话给调度员，发车后再上传'],
  run_over: ['车次 {run} 在这之前已经结束', '请把情况告诉调度员'],
  stop_taken_off: ['这一站已从车次里去掉', '请打电话给调度员'],
  stop_signed: ['这一站已经交接完成', '如果弄错了，请打电话给调度员'],
  not_of_run: ['车次 {run} 已经不去 {site}', '请打电话给调度员，可能换了别的车'],
  not_for_stop: ['{container} 不是 {site} 的，或者不在那里', '请再看一下筐上的标签'],
  act_key_taken: ['编号 {key} 已被另一条记录使用', '请重新记一次'],
  act_unknown: ['服务器不认识“{kind}”', '请刷新页面后重新记一次'],
  act_no_reason: ['没有写原因', '请说明为什么无法交付'],
  act_no_containers: ['没有选择周转筐', '请选好后再记一次'],
  leader_link_invalid: ['链接无效，或复制时少了一段', NEW_LEADER_LINK],
  leader_link_expired: ['链接已过期', NEW_LEADER_LINK],
  leader_link_taken_back: ['链接已作废', NEW_LEADER_LINK],
  no_leader: ['没有这个团长', LOOK],
  no_leader_of_order: ['没有编号为 {leader} 的团长', '请在运营页登记这个团长，或改正编号'],
  leader_station_taken: ['{site} 已由团长 {leader} 负责', '请先在那位团长处去掉，或选择其他自提点'],
  nothing_waits: ['这个订单现在没有待提的货', '请刷新再看：可能已经提走'],
  no_phone_of_order: ['这个订单没有登记手机号', '请联系运营方，或等居民来提货'],
  too_many_phones: ['从昨天到现在已经看了 {most} 个号码', '请明天再看，或联系运营方'],
  link_invalid: ['链接无效', NEW_LINK],
  link_expired: ['链接已过期', NEW_LINK],
  link_taken_back: ['链接已作废', NEW_LINK],
  order_gone: ['这个订单已不存在', '请联系团长'],
  bad_range: ['时间范围不对：{wanted}', AGAIN],
  no_calendar: ['没有这个时间', AGAIN],
  no_file: ['没有收到文件', '请选择一个 CSV 文件'],
  too_many_orders: ['共 {count} 个订单，一次最多 {most} 个', '请分几个文件导入'],
  csv_nul: ['文件里有空字符', '请另存为 CSV，不要直接上传表格文件'],
  csv_encoding: ['认不出文件编码', '请另存为 UTF-8 或 GBK'],
  csv_empty: ['文件是空的', '第一行写表头，之后一行一件商品'],
  csv_broken: ['第 {line} 行读不了', '请检查引号是否成对，或重新导出'],
  csv_too_many_rows: ['超过 {most} 行', '请分几个文件导入'],
  csv_column_twice: ['有两栏意思相同', '请去掉一栏；表头：{header}'],
  csv_column_missing: ['表头缺少：{columns}（现在的表头：{header}）', '请在第一行补上栏名，或下载模板照着填'],
  row_too_wide: ['这一行有 {cells} 格，表头只有 {columns} 格', '文字里有逗号的请加引号'],
  cell_too_long: ['有一格超过 {most} 个字', '请缩短'],
  order_number_empty: ['订单号是空的', '请填写订单号'],
  rows_differ: ['和同一订单的第 {line} 行不一致', '请改成一样'],
  quantity_not_whole: ['数量要填整数', '例如 2'],
  order_twice: ['订单 {order} 在第 {line} 行已经出现，内容不同', '请只保留一个'],
  no_station: ['{site} 不是这个运营方的自提点', '请先登记这个自提点，或改正编号'],
  no_vehicle: ['{site} 不是这个运营方的车辆', '请先把它登记为车辆，或改正编号'],
  no_tracker: ['没有这个定位设备', LOOK],
  terminal_missing: ['部标终端要填终端号', '一般是它的 SIM 卡号，看设备说明或标签'],
  terminal_taken: ['终端号 {terminal} 已经登记过', '请先停用原来的，或改正终端号'],
  no_run_id: ['没有这个车次', LOOK],
  no_plan: ['没有这个排线方案', '请核对，或换一个有权限的账号登录'],
  plan_state: ['这个排线方案现在不能这样操作', '请刷新再看：可能别人已经处理'],
  plans_of_two_days: ['两个方案不是同一天、同一运营方的', '请选择同一天的两个方案'],
  plans_of_two_spans: ['一个是全天方案，另一个是剩余行程的方案', '请比较同一事件的两个答案；剩余行程方案的改动见其调整清单'],
  plan_of_rest: ['当天余下的方案不能手工调整', '请按当天发生的情况重新改派，或在发车前调整方案'],
  plan_outdated: ['方案生成之后情况已变：{name} 已装车、已结束或已重新排线', '请在当前生效的方案上重新申请改派'],
  not_of_plan: ['某车次有 {site}，而方案中没有：有人手工改过', '请从车次中去掉它，或重新排线'],
  no_van: ['方案中没有车辆 {van}', '请填写方案中的车辆'],
  van_out: ['车辆 {van} 今日停驶', '请换一辆车'],
  no_van_left: ['只剩车辆 {van} 在行驶', '请先提交含其他车辆的方案，再报告故障'],
  no_stop_ahead: ['没有车辆还要去 {site}', '请填写尚未配送的自提点，或作为新增站点'],
  stop_served: ['{site} 已经配送，完成的不再改动', '请去掉它'],
  stop_planned: ['车辆 {van} 本来就要去 {site}', '请去掉它，或在站点一栏说明变化'],
  no_new_times: ['没有填写哪个自提点的收货时间有变', '请选择自提点，填写从几点到几点'],
  times_reversed: ['{site} 的收货时间是 {begin} 到 {end}，结束不晚于开始', '请改正其中一个时间'],
  times_over: ['{site} 只收到 {end}，现在已经 {now}', '请填更晚的时间，或选“自提点未营业”'],
  aboard_elsewhere: ['{site} 的货在车辆 {van} 上', '请固定到那辆车，或取消固定'],
  plan_problem: ['{detail_zh}', '{remedy_zh}'],
  nothing_to_bring: ['这一天没有要送的货', '请先完成配货和装筐'],
  not_due: ['这一天没有要送到 {site} 的货', '请去掉它，或改正编号'],
  which_dock: ['找到 {count} 个网格仓，需要指定一个', '请选择装车的网格仓；没有的话先登记'],
  run_underway: ['车次 {name} 正在装车、在途或已结束', '请换一个车次名，或先结束它'],
  run_state: ['这个车次现在不能这样操作', '请刷新再看：可能别人已经处理，或还没有派车'],
  parcel_taken: ['包裹 {parcel} 已经属于订单 {order}', '每个订单要用自己的标签'],
  parcel_taken_elsewhere: ['包裹 {parcel} 属于别的运营方', '每个订单要用自己的标签'],
  parcel_in_two_zones: ['包裹 {parcel} 同时写了别的温区', '一个包裹只能有一个温区'],
  order_scanned: ['订单 {order} 的包裹已经扫过码，不能再改', '请用新的订单号'],
  order_locked: ['订单 {order} 已截单，内容不能再改', '请用新的订单号，改约其他日期'],
  order_withdrawn: ['订单 {order} 已取消，内容不能再改', '请用新的订单号'],
  cancel_too_late: ['订单 {order} 已过截单时间，正在备货，不能取消', '请开一个售后单，在售后里退款'],
  cancel_scanned: ['订单 {order} 的包裹已经扫过码，货在路上，不能取消', '请开一个售后单，在售后里退款'],
  batch_frozen: ['{date} 的订单已经截单', '请选择更晚的提货日期'],
  no_batch: ['这一天没有订单', LOOK],
  no_article: ['没有这个商品，也没有人订过', LOOK],
  no_run: ['这一天没有这个车次', '请在排线里查看车次'],
  cut_off_ahead: ['{at} 之前仍在接单', '请等到截单时间，或选择提前截单'],
  batch_open: ['这一天还没有截单', '请先截单'],
  article_twice: ['同一个商品给了两次', '每个商品只给一次，数量合在一起'],
  routes_contradict: ['线路有冲突：{detail}', '每个自提点只能在一条线路上出现一次'],
  no_container: ['没有这个周转筐', LOOK],
  label_cancelled: ['{id} 的订单已取消', '不用打印，也不用打包'],
  label_other_kind: ['{id} 不是这一种标签', '请改选种类后再打印'],
  label_misread: ['{id} 不是本系统的标签，或抄错了', '请对照标签再看一遍；最后一位是校验位'],
  no_label: ['没有标签为 {id} 的东西', LOOK],
  no_manifest: ['这份清单已经不是该自提点的当前清单', '请获取最新的清单'],
  not_the_site: ['这个地址只供自提点设备使用', '请用自提点的编号和密钥'],
  shared_site: ['这个自提点还有其他运营商在用', '请联系管理员'],
  no_staff: ['没有这个员工', LOOK],
  bad_pin: ['PIN 应为 4 到 8 位数字', '请换一个 PIN'],
  pin_taken: ['这个 PIN 已有人使用', '请换一个 PIN'],
  place_twice: ['同一个位置给了两次', '每个位置只给一次'],
  bad_rules: ['规则有误：{detail}', AGAIN],
  other_bytes: ['内容与名称不符', '请发送与该名称对应的内容'],
  no_picture: ['只接受 JPEG、PNG 或 WebP 图片', '请带上内容类型重新发送'],
  photos_full: ['这个自提点的照片已存满', '半年前的照片会自动清理；请告知运营商'],
  no_photo: ['这个自提点没有这张照片', LOOK],
  no_alarm: ['没有这条告警', LOOK],
  no_cold_account: ['这个包裹不需要冷链，或者还没有扫描过', '扫描后再看'],
  bad_limits: ['温度限值不对：{detail}', AGAIN],
  alarm_stands: ['告警的情况还在继续', '请先确认，等恢复后再关闭'],
  no_command: ['没有这条指令', LOOK],
  site_away: ['自提点现在没有联网', '请现场处理，或等恢复联网后再试'],
  nothing_to_fetch: ['这个订单没有可提的包裹了', '请联系团长'],
  wrong_tail: ['手机尾号不对', '请重试；错十次后要等一刻钟'],
  no_phone_known: ['这个订单没有登记手机号', '请让店员按包裹标签出库'],
  too_many_proxies: ['已经有 {most} 个代提凭证', '请先撤回一个'],
  no_proxy: ['没有这个代提凭证', '请重新查看'],
  no_case: ['没有这个售后单', LOOK],
  case_state: ['这个售后单现在是“{state}”，不能这样处理', '请刷新后再看'],
  case_conflict: ['这是两次扫码相互矛盾，不能直接退款', '请在对应自提点撤销其中一次，或写明原因后结案'],
  case_text: ['没有写说明', '请写几个字说明'],
  case_liability: ['没有选责任方', '请选择责任方'],
  case_reference: ['没有填退款流水号', '请填商城的退款流水号'],
  not_of_case: ['这不是相互矛盾的记录之一', '请选择其中一条'],
  undone_before: ['这条记录已经撤销', '请刷新，本单已结案'],
  not_in_order: ['这个包裹里没有 {sku}', '请选择订单里的商品'],
  more_than_ordered: ['一共只订了 {ordered} 件', '请改正数量'],
  order_cancelled: ['订单已取消', '请联系团长'],
  report_too_early: ['还没到提货日', '请拿到货后再反映'],
  report_too_late: ['已过反映问题的时间', '请联系团长'],
  covered_before: ['售后单 {case} 已经包含这件商品，一共只订了 {ordered} 件', '请改正数量，或查看那一单'],
  reported_before: ['这个问题已经反映过，正在处理（售后单 {case}）', '请在原来的记录里补充'],
  too_many_reports: ['一个订单最多反映 {most} 次', '请联系团长'],
  too_many_photos: ['照片最多 {most} 张', '请少放几张'],
  'invalid.missing': ['没有填', AGAIN],
  'invalid.string_too_short': ['不能为空', CELL],
  'invalid.string_too_long': ['太长，最多 {max_length} 个字', CELL],
  'invalid.extra_forbidden': ['多出来的一项', '请去掉'],
  'invalid.too_short': ['太少，至少 {min_length} 项', CELL],
  'invalid.too_long': ['太多，最多 {max_length} 项', '请分开提交'],
  'invalid.greater_than_equal': ['不能小于 {ge}', CELL],
  'invalid.less_than_equal': ['不能大于 {le}', CELL],
  'invalid.literal_error': ['不是可选的值', CELL],
  'invalid.date': ['日期写法不对', '例如 2026-11-23'],
  'invalid.datetime': ['时间写法不对', '例如 2026-11-23T08:00:00+08:00'],
  'invalid.timezone_aware': ['时间要写明时区', '例如 2026-11-23T08:00:00+08:00'],
  'invalid.order_number': ['订单号只能用 1 到 64 个字母、数字和 . _ -', CELL],
  'invalid.leader_number': ['团长编号只能用 1 到 64 个字母、数字和 . _ -', CELL],
  'invalid.parcel_label': ['不是包裹标签', '请照着包裹上的标签填写'],
  'invalid.phone': ['不是手机号', '手机号为 7 到 15 位数字'],
  'invalid.year': ['年份不对', CELL],
  'invalid.text': ['有不能用的字符', CELL],
  'invalid.id': ['编号写法不对', '只能用小写字母、数字和 -'],
}

// causes of /health
const ZH_CAUSES: Readonly<Record<string, string>> = {
  database_away: '连不上数据库',
  broker_away: '连不上消息服务器，站点会先自己保存',
  no_process: '{process} 没有在运行',
  process_silent: '{process} 已经 {seconds} 秒没有动静',
  job_fails: '后台任务 {task} 出错',
  job_late: '后台任务 {task} 没有按时运行',
  ingest_behind: '入库落后 {seconds} 秒',
  batches_lost: '{count} 批数据丢失；查明原因后请确认',
  quarantine_lost: '隔离区已满，{count} 条没人看过的消息被清除；查明原因后请确认',
  quarantined: '{count} 条消息在隔离区等待处理',
}

// Columns of an import, as its header may name them.
const ZH_FIELDS: Readonly<Record<string, string>> = {
  external_id: '订单号',
  site: '自提点',
  pickup_date: '提货日期',
  placed_at: '下单时间',
  resident_name: '姓名',
  resident_phone: '手机号',
  sku: '商品编码',
  name: '商品',
  quantity: '数量',
  zone: '温区',
  parcel: '包裹',
  leader: '团长编号',
  row: '整行',
  file: '文件',
  orders: '订单',
}

/** What went wrong and what to do, as one text. */
export function faultText(error: unknown): string {
  if (!(error instanceof Refused)) return loginText('unreachable')
  const { message, remedy } = saidOf(error.fault)
  const stop = language.value === 'zh' ? '。' : '. '
  return remedy === '' ? message : `${message}${stop}${remedy}`
}

/** The same in its two parts, in the reader's language. */
export function saidOf(fault: Fault): { readonly message: string; readonly remedy: string } {
  const { message, remedy } = saidAsItCame(fault)
  return { message: withLocalMoments(message, language.value), remedy } // a remedy's moment is an example of how to write one
}

function saidAsItCame(fault: Fault): { readonly message: string; readonly remedy: string } {
  if (language.value !== 'zh') return fault
  // pydantic has many ways of finding that something is no date
  const known = ZH[fault.code] ?? ZH[/^invalid\.(datetime|date)/.exec(fault.code)?.[0] ?? '']
  if (known) return { message: fill(known[0], fault.params), remedy: fill(known[1], fault.params) }
  return fault.code.startsWith('invalid.') ? { message: `内容不对（${fault.message}）`, remedy: AGAIN } : fault
}

export function causeText(code: string, params: Readonly<Record<string, string | number>>, said: string): string {
  const known = ZH_CAUSES[code]
  return language.value === 'zh' && known ? fill(known, params) : said
}

export function fieldWord(field: string): string {
  return language.value === 'zh' ? (ZH_FIELDS[field] ?? field) : field
}
