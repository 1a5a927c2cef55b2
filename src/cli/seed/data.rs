//! What a seed is made into: people, and what they order. Nothing here knows how it is sent.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody who registers.
pub(super) struct Person {
    pub(super) email: String,
    pub(super) name: String,
}

impl Person {
    /// The person of this number. The address holds both numbers, so it is nobody else's; the domains are nobody's (RFC 2606).
    pub(super) fn new(seed: u64, number: u32) -> Self {
        let mut random = Random::new(seed, "user", number);
        let language = random.pick(NAMES);
        let name = random.compose(language);
        let mailbox = random.compose(MAILBOXES);
        let domain = random.pick(&["example.com", "example.net", "example.org"]);
        Self {
            email: format!("{mailbox}.{seed}-{number}@{domain}"),
            name,
        }
    }
}

/// An order, and how far it has come.
pub(super) struct Sale {
    /// The number of the person who orders.
    pub(super) customer: u32,
    currency: &'static str,
    items: Vec<Item>,
    pub(super) status: Status,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Placed,
    Cancelled,
    Shipped,
    Delivered,
}

#[derive(Serialize)]
struct Item {
    sku: String,
    quantity: u32,
    unit_price: u32,
}

impl Sale {
    /// The order of this number, by one of so many people.
    pub(super) fn new(seed: u64, number: u32, people: u32) -> Self {
        let mut random = Random::new(seed, "order", number);
        let customer = random.seldom(people);
        let (currency, prices) = random.pick(CURRENCIES);
        let count = 1 + random.seldom(8);
        let items = (0..count).map(|_| Item::new(&mut random, prices)).collect();
        let status = *random.pick(STATUSES);
        Self {
            customer,
            currency,
            items,
            status,
        }
    }

    /// What `POST /orders` takes.
    pub(super) fn body(&self, customer: Uuid) -> Value {
        json!({ "customer_id": customer, "currency": self.currency, "items": self.items })
    }
}

impl Item {
    fn new(random: &mut Random, prices: &RangeInclusive<u32>) -> Self {
        Self {
            sku: random.compose(SKUS),
            quantity: *random.pick(&[1, 1, 1, 1, 2, 2, 3, 4, 6, 12]),
            unit_price: random.within(prices),
        }
    }
}

impl Status {
    /// The steps from here to there, as the paths name them; none when there is no way.
    pub(super) const fn steps(self, goal: Self) -> &'static [&'static str] {
        match (self, goal) {
            (Self::Placed, Self::Cancelled) => &["cancel"],
            (Self::Placed, Self::Shipped) => &["ship"],
            (Self::Placed, Self::Delivered) => &["ship", "deliver"],
            (Self::Shipped, Self::Delivered) => &["deliver"],
            _ => &[],
        }
    }
}

/// `SplitMix64` (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    /// Each thing that is invented has a stream of its own, so it does not matter which client invents it.
    fn new(seed: u64, thing: &str, number: u32) -> Self {
        let name = thing.bytes().chain(number.to_le_bytes());
        name.fold(Self(seed), |mut random, byte| {
            Self(random.next() ^ u64::from(byte))
        })
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn within(&mut self, range: &RangeInclusive<u32>) -> u32 {
        let upper_half = (self.next() >> 32) as u32;
        range.start() + upper_half % (range.end() - range.start() + 1)
    }

    /// A number below `count`, the smaller the likelier: half of all are in the first eighth, so that a few customers
    /// order much and many little.
    fn seldom(&mut self, count: u32) -> u32 {
        let chance = self.next() >> 32;
        let cubed = (((chance * chance) >> 32) * chance) >> 32;
        u32::try_from((cubed * u64::from(count)) >> 32).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[(self.next() >> 32) as usize % things.len()]
    }

    /// Strings together one choice of each part. Parts are divided by `/`, choices by `|`.
    fn compose<'a>(&mut self, parts: &'a str) -> String {
        let choose = |part: &'a str| -> &'a str {
            let choices: Vec<_> = part.split('|').collect();
            self.pick::<&str>(&choices)
        };
        parts.split('/').map(choose).collect()
    }
}

/// Of ten orders, how many stand where.
const STATUSES: &[Status] = {
    use Status::{Cancelled, Delivered, Placed, Shipped};
    &[
        Placed, Placed, Cancelled, Shipped, Shipped, Delivered, Delivered, Delivered, Delivered,
        Delivered,
    ]
};

/// Currencies of 2, 0 and 3 decimals, and what an item may cost in their minor units.
const CURRENCIES: &[(&str, RangeInclusive<u32>)] = &[
    ("EUR", 95..=49_900),
    ("USD", 99..=59_900),
    ("GBP", 79..=44_900),
    ("JPY", 110..=88_000),
    ("KWD", 250..=165_000),
    ("CHF", 95..=48_500),
    ("BRL", 490..=299_900),
    ("INR", 4_900..=4_499_900),
];

const SKUS: &str = "TEA|MUG|LAMP|DESK|SHIRT|BIKE|RADIO|SOAP/-/BLK|RED|XL|250G|V2|EU-PLUG|SET_3|1.5/-/0|1|2|3/4|5|6|7/8|9";

const MAILBOXES: &str = "amber|bold|calm|dusty|early|fond|green|hazel|idle|jolly|keen|lunar|misty|noble|opal|plain|quiet|rapid|silver|tidy/-/auk|bee|crane|dove|elk|finch|gull|heron|ibis|jay|kite|lark|mole|newt|otter|pike|quail|robin|swan|toad";

/// Names as they are written where they are at home: the family name may come first, with or without a space. One accent
/// is a character of its own (`e\u{301}`), which a server that normalises names would change.
const NAMES: &[&str] = &[
    "Zoë|José|Jean-Luc|Ame\u{301}lie|Seán|João|María del Mar/ /O'Brien|D’Angelo|Núñez|Ó Súilleabháin|van der Berg|Strauß",
    "Anaïs|Chloé|Ana-Sofía|François|Jürgen/ /Smith-Jones|L'Hôpital|Müller-Lüdenscheidt|Gonçalves|Saint-Exupéry",
    "Łukasz|Søren|Þórunn|Jiří|Žofie|Gül|Ștefan/ /Wałęsa|Ångström|Dvořák|Öztürk|Jónsdóttir|Țepeș|Erdős|Bērziņš",
    "Анна|Фёдор|Олексій|Ђорђе|Йордан/ /Соловьёва|Іваненко|Римский-Корсаков|Петровић",
    "Ελένη|Γιώργος|Αλέξανδρος|Χρυσούλα/ /Παπαδοπούλου|Θεοδωράκης|Οικονόμου",
    "محمد|فاطمة|عبد الرحمن|ليلى/ /الخوارزمي|بن سعيد|حداد|القاسمي",
    "נועה|יוסף|שרה|אברהם/ /כהן|לוי|בן־גוריון|מזרחי",
    "प्रिया|अर्जुन|लक्ष्मी|ऋषि/ /शर्मा|द्विवेदी|चौधरी|श्रीवास्तव",
    "สมชาย|ณัฐวุฒิ|กัญญา|พิมพ์ใจ/ /ศรีสุวรรณ|แก้วมณี|จันทร์เพ็ญ",
    "Nguyễn|Trần|Lê|Phạm|Đặng/ /Thị|Văn|Minh|Ngọc/ /Ánh|Đức|Hằng|Quỳnh",
    "佐藤|鈴木|髙橋|渡邊|小野寺/ /花子|太郎|さくら|健一|アンナ",
    "王|李|張|欧阳|司馬|𠮷/伟|秀英|小明|雪梅|志強",
    "김|이|박|최|남궁/민준|서연|지우|하늘|영희",
];
