"""What the town sells and who lives in it. All invented; nothing here is a person or a brand."""

from dataclasses import dataclass
from enum import StrEnum


class Zone(StrEnum):
    """Temperature zones (温区)."""

    AMBIENT = "ambient"
    CHILLED = "chilled"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Good:
    """One article. ``weight`` is its share among the goods of its zone."""

    sku: str
    name: str
    zone: Zone
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A pickup point before it has an id. WGS-84 degrees."""

    name: str
    address: str
    lat: float
    lon: float


def _goods(zone: Zone, first: int, names: str) -> tuple[Good, ...]:
    return tuple(Good(f"G{first + n:04d}", name, zone) for n, name in enumerate(names.split("、")))


GOODS = {
    Zone.AMBIENT: _goods(
        Zone.AMBIENT,
        1000,
        "东北大米5kg、菜籽油5L、挂面1kg、生抽500ml、抽纸10包、洗衣液2kg、红富士苹果2kg、贡梨1.5kg、沃柑2kg、小番茄500g、"
        "土豆1kg、胡萝卜500g、紫薯1kg、洋葱1kg、鸡蛋30枚、燕麦片1kg、干木耳200g、花生米500g、苏打饼干400g、矿泉水12瓶",
    ),
    Zone.CHILLED: _goods(
        Zone.CHILLED,
        2000,
        "鲜牛奶950ml、原味酸奶8杯、嫩豆腐400g、鲜面条500g、猪里脊300g、鸡胸肉500g、鲜虾仁250g、小青菜400g、生菜300g、"
        "草莓300g、蓝莓125g、千张200g、鲜豆浆1L、卤牛肉200g",
    ),
    Zone.FROZEN: _goods(
        Zone.FROZEN,
        3000,
        "速冻水饺1kg、汤圆500g、手抓饼10片、冻鸡翅1kg、肥牛卷500g、带鱼段800g、冻虾500g、雪糕6支、冻玉米粒500g、鱼丸400g",
    ),
}

# How people of a town order.
ZONE_SHARE = {Zone.AMBIENT: 62, Zone.CHILLED: 26, Zone.FROZEN: 12}

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁于蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN = "伟芳娜敏静丽强磊洋艳勇军杰娟涛明超秀霞平刚桂英华建国玉兰梅红辉婷晨宇轩欣怡浩然子涵雨桐思远佳宁文博诗琪"
