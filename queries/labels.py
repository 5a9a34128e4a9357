"""What people call the fields, relations and changes of the data model: Chinese and English."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import NamedTuple


class Label(NamedTuple):
    """One term in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


def _table(text: str) -> Mapping[str, Label]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return types.MappingProxyType({name.strip(): Label(zh.strip(), en.strip()) for name, zh, en in rows})


FIELDS = _table("""
name               | 名称           | Name
short_name         | 简称           | Short name
former_names       | 曾用名         | Former names
aliases            | 别名           | Other names
uscc               | 统一社会信用代码 | Unified social credit code
lei                | 法人机构识别编码 | LEI
code               | 代码           | Code
registry_id        | 工商注册号     | Registration number
nature             | 性质           | Nature
listed_on          | 上市日期       | Listed on
exchange           | 交易所         | Exchange
founded            | 成立日期       | Founded
capital            | 注册资本       | Registered capital
capital_currency   | 注册资本币种   | Currency of capital
total_shares       | 总股本         | Shares in issue
market_value       | 总市值         | Market capitalisation
address            | 注册地址       | Registered address
region             | 地区           | Region
country            | 国家           | Country
website            | 网站           | Web site
description        | 简介           | Description
client             | 本公司客户     | Our client
controller_unknown | 实际控制人不详 | Controller stated as unknown
kind               | 类别           | Kind
matures_on         | 到期日         | Matures on
scheme             | 分类标准       | Classification
category           | 业务类别       | Business line
title              | 职务           | Title
published          | 发布日期       | Published
publisher          | 发布方         | Publisher
text               | 内容           | Text
date               | 日期           | Date
amount             | 金额           | Amount
amount_stated      | 披露金额       | Amount as stated
currency           | 币种           | Currency
stage              | 轮次           | Stage
called             | 是否代偿       | Called
shares             | 股数           | Shares
ratio              | 比例           | Ratio
rule               | 规则           | Rule
collateral         | 担保物价值     | Collateral
period_end         | 报告期末       | End of period
period_months      | 报告期月数     | Months of period
share_ratio        | 持股比例       | Share of capital
share_min          | 持股比例下限   | Share, lower bound
share_max          | 持股比例上限   | Share, upper bound
voting_ratio       | 表决权比例     | Share of votes
voting_min         | 表决权下限     | Votes, lower bound
voting_max         | 表决权上限     | Votes, upper bound
income_ratio       | 收益权比例     | Share of income
share_class        | 股份类别       | Share class
partner            | 合伙人类别     | Partner
votes_entrusted_to | 表决权受托人   | Votes entrusted to
office             | 职务           | Office
nominated_by       | 提名人         | Nominated by
joint              | 共同控制       | Joint
relation           | 关系           | Relation
cost_share         | 采购占比       | Share of purchases
revenue_share      | 收入占比       | Share of revenue
item               | 供应内容       | Item
role               | 角色           | Role
weight             | 权重           | Weight
strength           | 熟悉程度       | Strength
since              | 起始日期       | Since
revenue            | 收入           | Revenue
start              | 起始位置       | Start
end                | 结束位置       | End
net_profit         | 归母净利润     | Net profit
total_assets       | 总资产         | Total assets
total_liabilities  | 总负债         | Total liabilities
current_assets     | 流动资产       | Current assets
current_liabilities | 流动负债      | Current liabilities
equity             | 归母净资产     | Equity
operating_cash_flow | 经营现金流    | Operating cash flow
investing_cash_flow | 投资现金流    | Investing cash flow
financing_cash_flow | 筹资现金流    | Financing cash flow
valid_from         | 自             | From
valid_to           | 至             | To
security_kind      | 证券类别       | Kind of security
concept_kind       | 概念类别       | Kind of concept
guarantee_kind     | 担保方式       | Kind of guarantee
deal_kind          | 交易类别       | Kind of deal
event_kind         | 事件类别       | Kind of event
document_kind      | 文档类别       | Kind of document
limit_kind         | 限额类别       | Kind of limit
event              | 事件           | Event
raised             | 预警日期       | Raised on
shock              | 冲击           | Shock
distress           | 困境           | Distress
distress_low       | 困境下限       | Distress, lower bound
distress_high      | 困境上限       | Distress, upper bound
net                | 净敞口         | Net exposure
trace              | 传导路径       | Trace
text_en            | 英文内容       | Text in English
about              | 所涉事项       | About
state              | 状态           | State
reason             | 理由           | Reason
who                | 决定人         | Who
at                 | 时间           | When
company            | 公司           | Company
tag                | 标签           | Tag
tier               | 分层           | Tier
before             | 此前           | Before
score              | 得分           | Score
reason_en          | 英文理由       | Reason in English
url                | 网址           | Address on the web
sentiment          | 情感           | Sentiment
detail             | 细类           | Finer kind
confidence         | 置信度         | Confidence
by                 | 读取者         | Read by
waits              | 待审           | Waits for a person
makes              | 形成           | Makes
subject            | 主体           | Subject
subject_name       | 主体原文       | Words for the subject
object             | 客体           | Object
object_name        | 客体原文       | Words for the object
value              | 数值           | Value
value_unit         | 单位           | Unit
value_min          | 数值下限       | Value, lower bound
value_max          | 数值上限       | Value, upper bound
type               | 类型           | Type
products           | 限制的产品     | Products stopped
sources            | 来源           | Sources
evidence           | 依据           | Evidence
until              | 暂缓至         | Put off until
assignee           | 负责人         | Given to
product            | 产品           | Product
""")
"""Every field of the schema that a person may meet."""

WORDS = _table("""
own            | 所属   | own
parent         | 上级   | parent
upstream       | 上游   | upstream
downstream     | 下游   | downstream
legal_name     | 全称   | legal name
short_name     | 简称   | short name
former_name    | 曾用名 | former name
alias          | 别名   | alias
share          | 股票   | share
bond           | 债券   | bond
convertible    | 可转债 | convertible bond
fund           | 基金   | fund
theme          | 市场主题 | theme
chain_product  | 产业链产品 | product of the chain
state_body     | 国家机关 | state body
state_owned    | 国有企业 | state-owned
private        | 民营   | private
foreign        | 境外   | foreign
collective     | 集体企业 | collective
university     | 高校   | university
arrangement    | 法律安排 | arrangement
other          | 其他   | other
general        | 普通合伙人 | general partner
limited        | 有限合伙人 | limited partner
financing      | 融资   | financing
acquisition    | 收购   | acquisition
offering       | 发行   | offering
news           | 新闻   | news
announcement   | 公告   | announcement
report         | 报告   | report
filing         | 备案文件 | filing
lead           | 主办   | lead
member         | 协办   | member
debtor         | 被担保人 | debtor
creditor       | 债权人 | creditor
guarantor      | 担保人 | guarantor
pledgor        | 出质人 | pledgor
pledgee        | 质权人 | pledgee
target         | 标的   | target
investors      | 投资方 | investor
lender         | 出借方 | lender
borrower       | 借款方 | borrower
subjects       | 当事方 | subject
subject        | 当事方 | subject
mentioned      | 提及   | mentioned
company        | 主体   | company
client         | 客户   | client
parties        | 一致行动人 | party
bid_won        | 中标   | bid won
executive_change | 高管变动 | executive change
pledge         | 质押   | pledge
pledge_release | 解除质押 | pledge released
lawsuit        | 诉讼   | lawsuit
contract       | 签署合同 | contract
increase       | 增持   | increase of holding
reduction      | 减持   | reduction of holding
loss           | 亏损   | loss
penalty        | 行政处罚 | penalty
buy_back       | 回购   | buy-back
lockup_expiry  | 解禁   | lock-up expiry
default        | 违约   | default
bond_maturity  | 债券到期 | bond maturity
listing_guidance | 上市辅导 | listing guidance
investment     | 投资   | investment
share_transfer | 股权转让 | transfer of shares
guarantee      | 担保   | guarantee
judgment       | 判决   | judgment
listing        | 上市   | listing
summons        | 被约谈 | summons
bankruptcy     | 破产   | bankruptcy
negative       | 负面事件 | negative event
relation       | 关系   | relation
event          | 事件   | event
holding        | 持股   | holding
mention        | 提及   | mention
subsidiary_of  | 子公司 | subsidiary
acquires       | 收购   | acquires
invests_in     | 投资   | invests in
cooperates_with | 合作  | cooperates with
competes_with  | 竞争   | competes with
sues           | 起诉   | sues
holds          | 持股   | holds
controls       | 控制   | controls
officer_of     | 任职   | officer of
guarantees     | 担保   | guarantees
supplies       | 供应   | supplies
lends_to       | 借贷   | lends to
""")
"""Words that the data model and the answers use as values; other values are shown as they are."""

KINDS = _table("""
Company         | 公司     | Company
Person          | 自然人   | Person
Security        | 证券     | Security
Industry        | 行业     | Industry
Concept         | 概念     | Concept
Product         | 产品     | Product
Branch          | 分支机构 | Branch
Employee        | 员工     | Employee
Contact         | 联系人   | Contact
Document        | 文档     | Document
Event           | 事件     | Event
Deal            | 交易     | Deal
FinancialReport | 财务报告 | Financial report
Guarantee       | 担保     | Guarantee
Pledge          | 质押     | Pledge
Exposure        | 敞口     | Exposure
Limit           | 限额     | Limit
ConcertAgreement | 一致行动协议 | Concert agreement
Alert           | 预警     | Alert
Tag             | 标签     | Tag
Tier            | 客户分层 | Client tier
Decision        | 决定     | Decision
Claim           | 断言     | Claim
Restriction     | 限制名单 | Restriction
""")
"""Every node type."""

RELATIONS = _table("""
HOLDS:out        | 对外持股     | Holding
HOLDS:in         | 股东         | Shareholder
OFFICER_OF:out   | 任职         | Office
OFFICER_OF:in    | 高管         | Officer
CONTROLS:out     | 控制的企业   | Company under control
CONTROLS:in      | 实际控制人   | Controller
RELATIVE_OF:out  | 亲属         | Relative
RELATIVE_OF:in   | 亲属         | Relative
LENDS_TO:out     | 借出         | Loan given
LENDS_TO:in      | 借入         | Loan taken
SUPPLIES:out     | 客户         | Customer
SUPPLIES:in      | 供应商       | Supplier
ISSUED:out       | 发行证券     | Security issued
ISSUED:in        | 发行人       | Issuer
PARTY_TO:out     | 参与         | Taking part in
PARTY_TO:in      | 参与方       | Taking part
IN_INDUSTRY:out  | 所属行业     | Industry
IN_INDUSTRY:in   | 行业成员     | Member of industry
UPSTREAM_OF:out  | 下游         | Downstream
UPSTREAM_OF:in   | 上游         | Upstream
HAS_CONCEPT:out  | 概念         | Concept
HAS_CONCEPT:in   | 概念成员     | Member of concept
COVERS:out       | 覆盖客户     | Client covered
COVERS:in        | 服务团队     | Coverage
KNOWS:out        | 相识         | Knows
KNOWS:in         | 相识         | Known by
OWNS_PRODUCT:out | 持有产品     | Product owned
OWNS_PRODUCT:in  | 产品客户     | Owner of product
MENTIONS:out     | 提及         | Mentions
MENTIONS:in      | 被提及       | Mentioned by
ABOUT:out        | 关于         | About
ABOUT:in         | 相关动态     | Subject of
STATES:out       | 记载         | States
STATES:in        | 出处         | Stated by
RELATES:out      | 其他关系     | Other relation
RELATES:in       | 其他关系     | Other relation
""")
"""What stands at the other end of an edge, seen from where one is: `TYPE:direction`."""

CHANGES = _table("""
began    | 新增 | began
ended    | 终止 | ended
changed  | 变更 | changed
happened | 发生 | happened
""")
"""What happened to a fact."""

SECTIONS = _table("""
identity        | 基本信息       | Identity
aliases         | 名称           | Names
securities      | 证券           | Securities
industry        | 行业与产业链   | Industry and chain
concepts        | 概念           | Concepts
holders         | 股东           | Shareholders
holdings        | 对外持股       | Holdings
officers        | 高管           | Officers
offices         | 任职           | Offices
controllers     | 实际控制人     | Disclosed controllers
controls        | 控制的企业     | Companies under control
parties         | 参与方         | Taking part
relatives       | 亲属           | Relatives
guarantees      | 担保           | Guarantees
loans           | 借款           | Loans
pledges         | 质押           | Pledges
deals           | 交易           | Deals
suppliers       | 供应商         | Suppliers
customers       | 客户           | Customers
products        | 持有产品       | Products owned
coverage        | 服务团队       | Coverage team
contacts        | 联系人         | Contacts
exposures       | 敞口           | Exposures
limits          | 限额           | Limits
agreements      | 一致行动       | Acting in concert
events          | 动态           | Events
documents       | 文档           | Documents
reports         | 财务报告       | Financial reports
possibly_same   | 可能为同一主体 | Possibly the same
unknown         | 未知事项       | What is unknown
""")
"""The sections of a profile, in their order."""


def field_label(name: str) -> Label:
    """What people call a field."""
    return FIELDS.get(name) or Label(name, name.replace("_", " "))


def relation_label(edge_type: str, direction: str) -> Label:
    """What people call the other end of an edge."""
    return RELATIONS[f"{edge_type}:{direction}"]


def word(value: str) -> str:
    """A coded value as people say it, or the value itself."""
    known = WORDS.get(value)
    return known.zh if known else value
