"""Invented names of streets and estates, in Chinese and in pinyin."""

from collections.abc import Iterator
from random import Random

TOWN = ("青禾镇", "Qinghe")
RIVER = ("清溪江", "Qingxi River")

_WORDS = """
梧桐 Wutong|阳光 Yangguang|翠竹 Cuizhu|银杏 Yinxing|滨江 Binjiang|湖滨 Hubin|物流 Wuliu|建设 Jianshe|和平 Heping|青年 Qingnian
|文昌 Wenchang|学府 Xuefu|桃园 Taoyuan|杏林 Xinglin|春晖 Chunhui|秋实 Qiushi|明月 Mingyue|朝霞 Zhaoxia|长青 Changqing|永安 Yong'an
|福宁 Funing|安居 Anju|康乐 Kangle|新丰 Xinfeng|金穗 Jinsui|玉带 Yudai|香樟 Xiangzhang|紫荆 Zijing|丹桂 Dangui|海棠 Haitang
|芙蓉 Furong|石榴 Shiliu|听雨 Tingyu|望湖 Wanghu|临水 Linshui|南山 Nanshan|北苑 Beiyuan|东升 Dongsheng|西园 Xiyuan|中和 Zhonghe
|丰收 Fengshou|前进 Qianjin|团结 Tuanjie|友谊 Youyi|光明 Guangming|希望 Xiwang|知音 Zhiyin|鹦鹉 Yingwu|白鹭 Bailu|云帆 Yunfan
|星河 Xinghe|锦绣 Jinxiu|松涛 Songtao|荷塘 Hetang|枫林 Fenglin|兰亭 Lanting|柳岸 Liu'an|菊园 Juyuan|晴川 Qingchuan|碧波 Bibo
"""
WORDS = tuple(tuple(pair.split()) for pair in _WORDS.replace("\n", "").split("|"))

_ESTATES = (
    ("花园", "Garden"),
    ("苑", "Court"),
    ("里", "Lane Estate"),
    ("新村", "New Village"),
    ("家园", "Homes"),
    ("公馆", "Mansion"),
    ("小区", "Estate"),
)
# The estates of the first stations: the ones that tests, guides and screenshots speak of.
FIRST_ESTATES = (
    ("阳光花园", "Yangguang Garden"),
    ("梧桐里", "Wutong Lane Estate"),
    ("江湾新村", "Jiangwan New Village"),
    ("翠竹苑", "Cuizhu Court"),
    ("银杏坊", "Yinxing Square"),
    ("碧水云天", "Bishui Yuntian"),
)
GATES = {
    "south": ("南门", "South Gate"),
    "east": ("东门", "East Gate"),
    "north": ("北门", "North Gate"),
    "west": ("西门", "West Gate"),
}
DIGITS = "一二三四五六七八九十"

Name = tuple[str, str]  # Chinese, English


def street(word: Name, highway: str, *, runs_north: bool) -> Name:
    """大道 is a wide one, 路 runs north, 街 runs east."""
    if highway == "primary":
        return f"{word[0]}大道", f"{word[1]} Avenue"
    return (f"{word[0]}路", f"{word[1]} Road") if runs_north else (f"{word[0]}街", f"{word[1]} Street")


def lane(word: Name, number: int) -> Name:
    """The ``number``-th (from 0) lane beside the street of that word."""
    chinese = DIGITS[number] if number < len(DIGITS) else str(number + 1)
    return f"{word[0]}{chinese}巷", f"{word[1]} Lane {number + 1}"


def words(random: Random) -> list[Name]:
    """All words, in the seed's order."""
    shuffled = [(chinese, english) for chinese, english in WORDS]
    random.shuffle(shuffled)
    return shuffled


def estates(random: Random) -> Iterator[Name]:
    """Names that are not taken: the first stations' ones first."""
    yield from FIRST_ESTATES
    made = [
        (word[0] + kind[0], f"{word[1]} {kind[1]}")
        for word in WORDS
        for kind in _ESTATES
        if word[0] + kind[0] not in {name for name, _ in FIRST_ESTATES}
    ]
    random.shuffle(made)
    yield from made
