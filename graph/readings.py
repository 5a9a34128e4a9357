"""How characters with several readings are read in the names of Chinese companies and people.

pypinyin reads a lone character the way a dictionary lists it first (长 zhang, 都 dou); in a company's name
another reading is usual. Tone marks are left out and ü is written v, as people type it.
"""

from typing import Final


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split() for line in text.strip().splitlines())
    return {characters: tuple(readings) for row in rows for characters, *readings in [row]}


CHARACTERS: Final = {
    characters: readings[0]
    for characters, readings in _table(
        """
        长 chang
        都 du
        厦 xia
        佛 fo
        茄 qie
        伽 jia
        靓 liang
        勒 le
        晟 sheng
        泊 bo
        裳 chang
        仇 qiu
        翟 zhai
        曾 zeng
        缪 miao
        喔 wo
        呱 gua
        似 si
        琢 zhuo
        卜 bu
        薄 bo
        调 tiao
        什 shi
        槟 bing
        """
    ).items()
}
"""The usual reading in a company's name, where it is not the dictionary's first."""

SURNAMES: Final = _table(
    """
    单 shan
    解 xie
    区 ou
    查 zha
    朴 piao
    乐 yue
    盖 ge
    覃 qin
    洗 xian
    员 yun
    折 she
    种 chong
    繁 po
    黑 he
    秘 bi
    祭 zhai
    尉迟 yu chi
    万俟 mo qi
    长孙 zhang sun
    召 shao
    句 gou
    隗 wei
    """
)
"""The reading at the start of a person's name."""

WORDS: Final = _table(
    """
    重庆 chong qing
    重建 chong jian
    重组 chong zu
    重生 chong sheng
    重逢 chong feng
    重阳 chong yang
    重启 chong qi
    重九 chong jiu
    银行 yin hang
    商行 shang hang
    国乐 guo yue
    调查 diao cha
    调研 diao yan
    调度 diao du
    调动 diao dong
    格调 ge diao
    色调 se diao
    曲调 qu diao
    情调 qing diao
    什么 shen me
    薄饼 bao bing
    分行 fen hang
    支行 zhi hang
    总行 zong hang
    央行 yang hang
    投行 tou hang
    农行 nong hang
    工行 gong hang
    建行 jian hang
    交行 jiao hang
    招行 zhao hang
    农商行 nong shang hang
    城商行 cheng shang hang
    行业 hang ye
    行家 hang jia
    行情 hang qing
    同行业 tong hang ye
    车行 che hang
    洋行 yang hang
    琴行 qin hang
    拍卖行 pai mai hang
    典当行 dian dang hang
    太行 tai hang
    广厦 guang sha
    大厦 da sha
    华厦 hua sha
    音乐 yin yue
    乐器 yue qi
    乐团 yue tuan
    乐队 yue dui
    声乐 sheng yue
    乐清 yue qing
    乐亭 lao ting
    朝日 zhao ri
    朝晖 zhao hui
    朝霞 zhao xia
    朝露 zhao lu
    朝夕 zhao xi
    今朝 jin zhao
    西藏 xi zang
    藏药 zang yao
    藏医 zang yi
    藏红 zang hong
    藏獒 zang ao
    藏香 zang xiang
    藏族 zang zu
    宝藏 bao zang
    青藏 qing zang
    川藏 chuan zang
    藏地 zang di
    藏格 zang ge
    人参 ren shen
    海参 hai shen
    参茸 shen rong
    西洋参 xi yang shen
    党参 dang shen
    丹参 dan shen
    参业 shen ye
    会计 kuai ji
    会稽 kuai ji
    柏林 bo lin
    柏拉图 bo la tu
    模具 mu ju
    模样 mu yang
    弹簧 tan huang
    弹性 tan xing
    弹力 tan li
    弹琴 tan qin
    外传 wai zhuan
    自传 zi zhuan
    水浒传 shui hu zhuan
    东阿 dong e
    阿胶 e jiao
    阿房宫 e pang gong
    单县 shan xian
    六安 lu an
    六合 lu he
    蚌埠 beng bu
    番禺 pan yu
    大埔 da bu
    蔚县 yu xian
    铅山 yan shan
    荥经 ying jing
    涡阳 guo yang
    泌阳 bi yang
    枞阳 zong yang
    洪洞 hong tong
    大城县 dai cheng xian
    犍为 qian wei
    尉犁 yu li
    龟兹 qiu ci
    般若 bo re
    兰若 lan re
    角色 jue se
    主角 zhu jue
    便宜 pian yi
    甲壳 jia qiao
    地壳 di qiao
    金壳 jin qiao
    还原 huan yuan
    还珠 huan zhu
    归还 gui huan
    出没 chu mo
    沉没 chen mo
    弄堂 long tang
    湖泊 hu po
    梁山泊 liang shan po
    罗布泊 luo bu po
    厚朴 hou po
    劲松 jing song
    劲旅 jing lv
    雄劲 xiong jing
    强劲 qiang jing
    咖喱 ga li
    关卡 guan qia
    绿林 lu lin
    鸭绿江 ya lu jiang
    星宿 xing xiu
    什刹海 shi cha hai
    称心 chen xin
    对称 dui chen
    堡子 bu zi
    畜牧 xu mu
    降龙 xiang long
    商贾 shang gu
    邮差 you chai
    的士 di shi
    的确 di que
    供给 gong ji
    给水 ji shui
    给排水 ji pai shui
    自给 zi ji
    雪茄 xue jia
    伽蓝 qie lan
    暖和 nuan huo
    了解 liao jie
    了得 liao de
    不了 bu liao
    明了 ming liao
    莘庄 xin zhuang
    浒墅关 xu shu guan
    黄陂 huang pi
    吴堡 wu bu
    十里堡 shi li pu
    三十里堡 san shi li pu
    马家堡 ma jia pu
    饼乾 bing gan
    乾燥 gan zao
    乾洗 gan xi
    乾果 gan guo
    衣裳 yi shang
    校对 jiao dui
    校准 jiao zhun
    校正 jiao zheng
    扎染 za ran
    睡觉 shui jiao
    大夫 dai fu
    曾经 ceng jing
    曾几何 ceng ji he
    长官 zhang guan
    长子 zhang zi
    成长 cheng zhang
    增长 zeng zhang
    生长 sheng zhang
    校长 xiao zhang
    队长 dui zhang
    家长 jia zhang
    市长 shi zhang
    会长 hui zhang
    船长 chuan zhang
    董事长 dong shi zhang
    行长 hang zhang
    院长 yuan zhang
    店长 dian zhang
    茁长 zhuo zhang
    """
)
"""Words whose reading their characters alone would miss; the longest match counts."""
