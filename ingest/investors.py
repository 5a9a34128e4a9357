"""Names of well-known foreign investors that no rule about words could set apart in a list split by spaces.

Facts about names only. A list that holds 'DCM Trinity Ventures' reads as two investors because DCM is known to be
one. Names that end in a firm's word (Accel Partners) need no entry: the rules of `ingest.parties` find them.
"""

from typing import Final

_NAMES: Final = """
    3i Group
    500 Startups
    500startups
    A11 Venture
    ABN AMRO Fund
    Acequia Capital
    Advance Publications
    Airfi aero
    Aleph Venture Capital
    Alfa Capital Partners
    Allen & Company
    Allianz
    Allianz X
    Alsace création
    Altimeter Capital
    American Express
    Andreessen Horowitz
    Angel One
    Apple Tree Partners
    Applied Materials
    Arthur Ventures
    Arvato Financial Solutions
    Atom
    B Capital Group
    Baillie Gifford
    Banco Bilbao Vizcaya Argentaria
    Battery Ventures
    Betaworks
    Bill & Melinda Gates Foundation
    Binance
    BlackRock
    Blackstone
    Bloomberg
    Bloomberg Beta
    Blue Pool Capital
    Boehringer Ingelheim
    Boehringer Ingelheim Venture Fund
    Bold Capital Partners
    Box Group
    Bpifrance
    CPPIB
    CRV
    CUNA Mutual Group
    California Institute for Regenerative Medicine
    Capital One
    CapitalG
    Cargill
    Carlyle Group
    Castlight Health
    Celgene
    Christian Wenger
    Citigroup
    Coatue Management
    Coinbase
    Comcast Ventures
    Compass Insurance
    Condé Nast
    Convoy
    Courtside
    Cross Creek Advisors
    Crunch Fund
    Currae Healthtech
    DCM
    DG Incubation
    DST
    DST Global
    Dassault Systemes
    Data Collective
    Delek Motors
    Delta Galil
    Deutsche Bank
    Digital Currency Group
    EOS VC Fund
    Earlybird
    East Chain Co.
    Educapital
    Endurance Companies
    Eurazeo
    European Investment Bank
    Everhaus
    Expon Capital
    Finleap
    Fintech Collective
    First Access Entertainment
    First Round Capital
    Flipkart
    Foresite Capital
    Formation 8
    Fundamental Labs
    GBIC
    GGV Capital
    GIC
    GM&C Life Sciences Fund
    GSR Ventures
    GV
    Galaxy Digital
    General Atlantic
    General Atlantic泛大西洋投资
    General Catalyst
    General Motors
    Glilot Capital Partners
    Goldman Sachs
    Google Capital
    Google Ventures
    Great Matrix
    Great Momentum
    Great Oaks Venture Capital
    Groupe du Louvre
    HAX
    HBM Healthcare Investments
    HTC Vive
    Harmony Partners
    Harrison Metal
    Hercules Technology Growth Capital
    Hillhouse Capital
    Horizons Ventures
    Hummer Winblad Venture Partners
    ICONIQ Capital
    IDG Capital
    IFC
    IFC Emerging Asia Fund
    IKEA
    ING
    ISAI
    Illumina
    Indicator Ventures
    Infinite Potential Group
    InstantScale
    Intel Capital
    Invitalia Ventures
    JP Morgan Chase & Co.
    JRR Crypto
    K11 Art Foundation
    KDDI
    KKR
    KPC&B
    KPCB
    Kakao Corp
    Kleiner Perkins
    Kleiner Perkins Caufield & Byers
    LB Investment
    LG Chem
    LINE Ventures
    LVMH
    Lakestar
    Lead Edge Capital
    Lending Ark
    Lerer Hippeau
    Lerer Hippeau Ventures
    Lets-Venture
    Liberty Media
    Lightspeed
    Lireas Holdings
    MUFG Innovation Partners
    Madison Bay Capital Partners
    Main Street Advisors
    Maniv Mobility
    Mastercard
    Mastercard Start Path
    Matrix Partners China
    Maveron
    MedImmune
    Medici Ventures
    Mexichem
    Microsoft
    Mission Ventures
    Morgan Stanley
    Morgan Stanley Asia
    NEO
    NEO Global Capital
    NanoDimension
    Naspers
    Nokia
    Northwestern Mutual
    Northzone
    ObopayMobile Technology India
    Octopus Ventures
    Omidyar Network
    Omidyar Network India
    Ooga Labs
    Open Ocean
    Palo Alto Networks
    Pearl Abyss
    Phenomen Ventures
    PivotNorth
    Plug and Play
    Polytech Ecosystem Ventures
    Power Financial
    Prasetia Dwidharma
    PreAngel
    Qatar Investment Authority
    Qualcomm
    RRE Ventures
    RSE Ventures
    Raine Ventures
    Red Swan
    Redpoint
    Redpoint Ventures
    Relevance Capital
    Rhodium
    Right Click Capital
    Rising Tide
    Round13 Capital
    SBI Group
    SEGA SAMMY Holdings
    SIGMAXYZ
    SKY
    SV Angel
    SVK Crypto
    Salesforce Ventures
    SamsungNEXT Ventures
    San-In Godo Bank
    Sands Capital
    Scale Venture
    SeedVC
    Sequoia Capital
    Sequoia Capital China
    Sequoia Capital India
    Shinhan Invest Corp
    Silver Lake
    Social Capital
    Sofinnova Partners
    SoftBank
    SoftTech VC
    Softbank Ventures Korea
    Stanford University
    StartX
    State Street
    Struck Capital
    Sumitomo Mitsui
    Surge
    Swisscom
    SyndicateRoom
    T. Rowe Price
    TCV
    TEEC Angel Fund
    THALES
    TPG
    TSV
    Taylor Capital
    Tech Capital Partners
    Techstars
    Temasek
    TenEleven Ventures
    Tenaya Capital
    The Core Group
    The Ontario Capital Growth
    The Rise Fund
    The Still River Fund
    The Venture Reality Fund
    Thomson Reuters
    Thrive Capital
    Thyra Global Management
    Tiger Global
    Tiger Global Management
    Time Warner Investments
    Tokyo Broadcasting System
    Tokyu Recreation
    Top Tier Capital Partners
    Toyota Motor Corporation
    TransMedia Capital
    Translink
    Travelstart
    Twitter
    Tyler Florence Group
    UCB Venture
    UniCredit Group
    Union Square Ventures
    Uniseed Ventures
    VMware
    Vargas
    Varian Medical Systems
    Vattenfall AB
    Venrock
    Venrock Healthcare Capital Partners
    Ventech China
    Version One
    Virgin Group
    Visa
    Volkswagen
    WTI
    Warburg Pincus
    Wardenclyffe Partners
    Webb Investment Network
    Wheels Up
    World Innovation Lab
    World Wrestling Federation
    Y Combinator
    YC
    YL Ventures
    ZK Capital
    e.ventures
    iCandy
    lrv health
    triple.co
"""

INVESTORS: Final = frozenset(line.strip() for line in _NAMES.strip().splitlines())
"""Names as their owners write them."""

_GIVEN: Final = """
    aaron adam alan albert alex alexander alice amy andrew andy anna anthony anupam arthur ben benjamin bill bob brad
    bradley brian bruce carl charles chris christian christopher daniel dara dave david dennis diane don donald doug
    ed edward elon emily eric erik evan eyal francois frank gary george gigi greg guy haresh harry helena henry howard
    jack jacob james jason jay jean jeff jeffrey jennifer jeremy jerry jessica jim joe john jon jonathan jordan joseph
    josh joshua julia julien justin karen keith ken kenneth kevin larry laura lee linda lisa louis lucas marc marcus
    maria mark martin mary matt matthew max maynard michael michelle mike mitchell naval neil nicholas nick oliver
    pam patricia patrick paul peter phil philip pierre rachel rafael raghunandan raheem rajan ray richard rick rob
    robert roger ron ryan sam sanjay sarah scott sean sergey seth sheryl simon stephen steve steven stuart sunil susan
    ted thomas tim todd tom tony travis tyler victor vinod walter warren william zohar
"""

GIVEN_NAMES: Final = frozenset(_GIVEN.split())
"""Given names that tell a person ('Seth Bernstein') from a firm."""
