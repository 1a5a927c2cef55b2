//! Loads a running server through REST, then checks that it kept everything.
//!
//! Many clients register users and place orders, each waiting for its answer before it asks again (a closed loop). Then all
//! users and orders are read back, page by page, and compared with what was sent. Only what the run itself created counts,
//! so the server may hold other data. It may also be killed and started again in the middle of a run.
//!
//! `cargo run --release --example load -- --help`
//!
//! The exit code is 0 when everything is there, 1 when something differs, and 2 when the run could not be done.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt, io, iter,
    ops::RangeInclusive,
    process::ExitCode,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use clap::{Parser, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use ureq::{Agent, http::StatusCode};
use uuid::Uuid;

/// How often one request is tried.
const TRIES: u32 = 30;
/// The longest wait for one answer; the server's own deadline is shorter.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// The pause before another try, unless the server names one.
const PAUSE: Duration = Duration::from_secs(1);

/// Loads a running server with users and orders, reads them back and compares
#[derive(Parser)]
struct Options {
    /// Where the server listens
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Users to register
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..))]
    users: u32,
    /// Orders to place
    #[arg(long, default_value_t = 50_000)]
    orders: u32,
    /// Clients that ask at the same time
    #[arg(long, default_value_t = 16, value_parser = value_parser!(u32).range(1..=1024))]
    clients: u32,
    /// Decides on names, items and prices: the same seed makes the same data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds after which the run is given up
    #[arg(long, default_value_t = 900)]
    seconds: u32,
}

fn main() -> ExitCode {
    match Run::new(Options::parse()).load_and_compare() {
        Ok(differences) => {
            print!("{differences}");
            ExitCode::from(u8::from(!differences.0.is_empty()))
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::from(2)
        }
    }
}

/// One run: what was asked for, the mark in its users' addresses, and the moment at which it is given up.
struct Run {
    options: Options,
    mark: String,
    deadline: Instant,
}

impl Run {
    fn new(options: Options) -> Self {
        Self {
            mark: Uuid::new_v4().simple().to_string(),
            deadline: Instant::now() + Duration::from_secs(options.seconds.into()),
            options,
        }
    }

    fn load_and_compare(&self) -> Result<Differences, String> {
        let options = &self.options;
        // A wrong URL shows at once, not after many tries.
        let first = Call::Get("/users?limit=1".to_owned());
        let answer = Client::new(self).try_once(&first);
        let answer = answer.map_err(|error| format!("{first} failed: {error}"))?;
        answer.read::<Page<User>>(StatusCode::OK)?;

        let ids = self.share_out("users registered", options.users, |client, number| {
            client.register(&self.email(number), &self.name(number))
        })?;
        let placed = self.share_out("orders placed", options.orders, |client, number| {
            client.place(Random::new(options.seed, "order", number), &ids)
        })?;

        let mut differences = Differences::default();
        self.compare_users(&ids, &mut differences)?;
        self.compare_orders(&ids, placed, &mut differences)?;
        Ok(differences)
    }

    /// Lets the clients work on the numbers below `count`, and returns what they make of each, in the order of the numbers.
    fn share_out<T: Send>(
        &self,
        what: &'static str,
        count: u32,
        work: impl Fn(&Client, u32) -> Result<T, String> + Sync,
    ) -> Result<Vec<T>, String> {
        let bar = progress(what, count);
        let next = AtomicU32::new(0);
        let (sender, outcomes) = mpsc::channel();
        let be_client = |outcomes: mpsc::Sender<_>| {
            let client = Client::new(self);
            let next = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|it| *it < count);
            for number in iter::from_fn(next) {
                let outcome = work(&client, number).map(|made| (number, made));
                if outcomes.send(outcome).is_err() {
                    return;
                }
            }
        };
        let made: BTreeMap<u32, T> = thread::scope(|scope| {
            for sender in iter::repeat_n(sender, self.options.clients as usize) {
                scope.spawn(|| be_client(sender));
            }
            // The first error ends this, which drops `outcomes`, which stops every client.
            outcomes
                .into_iter()
                .inspect(|_| bar.inc(1))
                .collect::<Result<_, _>>()
        })?;
        report(&bar);
        Ok(made.into_values().collect())
    }

    fn compare_users(&self, ids: &[Uuid], differences: &mut Differences) -> Result<(), String> {
        let mut sent: HashMap<String, (Uuid, String)> = iter::zip(0.., ids)
            .map(|(number, id)| (self.email(number), (*id, self.name(number))))
            .collect();
        let bar = progress("users compared", self.options.users);
        Client::new(self).read_all("/users", |user: User| {
            if !user.email.contains(&self.mark) {
                return;
            }
            bar.inc(1);
            let is = (user.id, user.name);
            match sent.remove(&user.email) {
                None => differences.add("users listed twice or never sent", user.email),
                Some(sent) if sent == is => (),
                Some(sent) => differences.add("users changed", format!("{is:?}, not {sent:?}")),
            }
        })?;
        for email in sent.into_keys() {
            differences.add("users missing", email);
        }
        report(&bar);
        Ok(())
    }

    fn compare_orders(
        &self,
        ids: &[Uuid],
        placed: Vec<(Kind, Count)>,
        differences: &mut Differences,
    ) -> Result<(), String> {
        let mut ledger: HashMap<Kind, Count> = HashMap::new();
        for (kind, placed) in placed {
            let count = ledger.entry(kind).or_default();
            count.sure += placed.sure;
            count.unsure += placed.unsure;
        }
        let customers: HashSet<&Uuid> = ids.iter().collect();
        let bar = progress("orders compared", self.options.orders);
        Client::new(self).read_all("/orders", |order: Order| {
            if !customers.contains(&order.customer_id) {
                return;
            }
            bar.inc(1);
            let total = total(&order.items);
            if total != order.total {
                let example = format!("{}: {}, not {total}", order.id, order.total);
                differences.add("orders with a wrong total", example);
            }
            let kind = (order.customer_id, order.currency, total);
            ledger.entry(kind).or_default().found += 1;
        })?;
        report(&bar);

        let unsure: u32 = ledger.values().map(|count| count.unsure).sum();
        if unsure > 0 {
            let there: u32 = ledger.values().map(Count::beyond_sure).sum();
            println!("unsure: {unsure} orders answered with 503 or not at all; {there} are there");
        }
        for ((customer, currency, total), count) in ledger {
            let Count { sure, found, .. } = count;
            if found < sure || count.beyond_sure() > count.unsure {
                let example = format!("{customer}, {total} {currency}: {found}, not {sure}");
                differences.add("orders missing or too many", example);
            }
        }
        Ok(())
    }

    fn email(&self, number: u32) -> String {
        let domain = ["example.com", "example.org"][number as usize % 2];
        format!("user-{number}.{}@{domain}", self.mark)
    }

    fn name(&self, number: u32) -> String {
        let mut random = Random::new(self.options.seed, "user", number);
        let language = random.pick(NAMES);
        random.compose(language)
    }
}

/// Customer, currency and total: orders that agree in these are counted together.
type Kind = (Uuid, String, u64);

/// How many orders there are.
#[derive(Default)]
struct Count {
    /// Confirmed by an answer.
    sure: u32,
    /// Perhaps placed. A 503 is among them: the server gives up waiting for a commit that may still come.
    unsure: u32,
    /// Read back.
    found: u32,
}

impl Count {
    fn beyond_sure(&self) -> u32 {
        self.found.saturating_sub(self.sure)
    }
}

/// What differs, with an example for each case.
#[derive(Default)]
struct Differences(BTreeMap<&'static str, Vec<String>>);

impl Differences {
    fn add(&mut self, what: &'static str, example: String) {
        self.0.entry(what).or_default().push(example);
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "no difference");
        }
        for (what, examples) in &self.0 {
            let (number, some) = (examples.len(), &examples[..examples.len().min(3)]);
            writeln!(f, "DIFFERENT: {what} ({number})\n  {}", some.join("\n  "))?;
        }
        Ok(())
    }
}

/// One client, whose connection is kept alive between requests.
struct Client<'run> {
    run: &'run Run,
    agent: Agent,
}

enum Call {
    Get(String),
    Post(&'static str, Value),
}

#[derive(Default)]
struct Answer {
    call: String,
    /// `None` when the answer was lost; the body says how.
    status: Option<StatusCode>,
    body: String,
    retry_after: Duration,
    /// Earlier tries that the server may have carried out all the same.
    unsure: u32,
}

impl<'run> Client<'run> {
    fn new(run: &'run Run) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_WAIT))
            .proxy(None);
        let agent = config.build().new_agent();
        Self { run, agent }
    }

    /// Registers one user and returns its id.
    fn register(&self, email: &str, name: &str) -> Result<Uuid, String> {
        let call = Call::Post("/users", json!({ "email": email, "name": name }));
        let answer = self.ask(&call, true)?;
        if answer.unsure > 0 && answer.status == Some(StatusCode::CONFLICT) {
            // The address was taken by an earlier try.
            let page: Page<User> = self.get(format!("/users?email={email}"))?;
            if let [user] = page.items.as_slice() {
                return Ok(user.id);
            }
        }
        Ok(answer.read::<User>(StatusCode::CREATED)?.id)
    }

    /// Places an order by one of the customers.
    fn place(&self, mut random: Random, customers: &[Uuid]) -> Result<(Kind, Count), String> {
        let customer = *random.pick(customers);
        let (currency, prices) = random.pick(CURRENCIES);
        let items: Vec<Item> = (0..random.within(&(1..=8)))
            .map(|_| Item::invent(&mut random, prices))
            .collect();
        let order = json!({ "customer_id": customer, "currency": currency, "items": items });
        // There is no Idempotency-Key yet: after a lost answer, another try could place a second order.
        let answer = self.ask(&Call::Post("/orders", order), false)?;
        let mut count = Count {
            unsure: answer.unsure,
            ..Count::default()
        };
        if answer.status.is_none() {
            count.unsure += 1;
        } else {
            answer.read::<Order>(StatusCode::CREATED)?;
            count.sure = 1;
        }
        Ok(((customer, (*currency).to_owned(), total(&items)), count))
    }

    /// Pages through a list to its end.
    fn read_all<T: DeserializeOwned>(
        &self,
        path: &str,
        mut visit: impl FnMut(T),
    ) -> Result<(), String> {
        let mut page: Page<T> = self.get(format!("{path}?limit=200"))?;
        loop {
            page.items.into_iter().for_each(&mut visit);
            let Some(next) = page.next else {
                return Ok(());
            };
            page = self.get(format!("{path}?limit=200&after={next}"))?;
        }
    }

    fn get<T: DeserializeOwned>(&self, path: String) -> Result<T, String> {
        self.ask(&Call::Get(path), true)?.read(StatusCode::OK)
    }

    /// Makes a call until the answer is another than 503. When an answer is lost, only a `repeatable` call is made again.
    fn ask(&self, call: &Call, repeatable: bool) -> Result<Answer, String> {
        let mut unsure = 0;
        let mut trouble = String::new();
        for _ in 0..TRIES {
            if Instant::now() >= self.run.deadline {
                let seconds = self.run.options.seconds;
                return Err(format!("the run was not over after {seconds} seconds"));
            }
            let pause = match self.try_once(call) {
                Ok(answer) if answer.status == Some(StatusCode::SERVICE_UNAVAILABLE) => {
                    unsure += 1;
                    trouble = answer.body;
                    answer.retry_after.min(ANSWER_WAIT)
                }
                Ok(answer) => return Ok(Answer { unsure, ..answer }),
                Err(error) => {
                    let arrived = may_have_arrived(&error);
                    trouble = error.to_string();
                    if arrived && !repeatable {
                        return Ok(Answer {
                            call: call.to_string(),
                            body: trouble,
                            unsure,
                            ..Answer::default()
                        });
                    }
                    unsure += u32::from(arrived);
                    PAUSE
                }
            };
            thread::sleep(pause);
        }
        Err(format!("{call} failed {TRIES} times: {trouble}"))
    }

    fn try_once(&self, call: &Call) -> Result<Answer, ureq::Error> {
        let base = self.run.options.url.trim_end_matches('/');
        let mut response = match call {
            Call::Get(path) => self.agent.get(format!("{base}{path}")).call(),
            Call::Post(path, body) => self.agent.post(format!("{base}{path}")).send_json(body),
        }?;
        let retry_after = response.headers().get("Retry-After");
        let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Answer {
            call: call.to_string(),
            status: Some(response.status()),
            retry_after: seconds.map_or(PAUSE, Duration::from_secs),
            body: response.body_mut().read_to_string()?,
            unsure: 0,
        })
    }
}

fn may_have_arrived(error: &ureq::Error) -> bool {
    !matches!(error, ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused)
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get(path) => write!(f, "GET {path}"),
            Self::Post(path, _) => write!(f, "POST {path}"),
        }
    }
}

impl Answer {
    /// Reads an answer that must have this status.
    fn read<T: DeserializeOwned>(self, status: StatusCode) -> Result<T, String> {
        let body = serde_json::from_str(&self.body).ok();
        body.filter(|_| self.status == Some(status)).ok_or_else(|| {
            let status = self.status.unwrap_or_default();
            format!(
                "{} was answered with {status} and {:.500}",
                self.call, self.body
            )
        })
    }
}

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<Uuid>,
}

#[derive(Deserialize)]
struct User {
    id: Uuid,
    email: String,
    name: String,
}

#[derive(Deserialize)]
struct Order {
    id: Uuid,
    customer_id: Uuid,
    currency: String,
    items: Vec<Item>,
    total: u64,
}

#[derive(Deserialize, Serialize)]
struct Item {
    sku: String,
    quantity: u32,
    unit_price: u64,
}

impl Item {
    fn invent(random: &mut Random, prices: &RangeInclusive<u32>) -> Self {
        Self {
            sku: random.compose(SKUS),
            quantity: *random.pick(&[1, 1, 1, 1, 2, 2, 3, 4, 6, 12]),
            unit_price: random.within(prices).into(),
        }
    }
}

fn total(items: &[Item]) -> u64 {
    let lines = items
        .iter()
        .map(|item| u64::from(item.quantity) * item.unit_price);
    lines.sum()
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

fn progress(what: &'static str, count: u32) -> ProgressBar {
    let template = "{prefix:18} {wide_bar} {human_pos}/{human_len} {elapsed}";
    let style = ProgressStyle::with_template(template).expect("a well-formed template");
    ProgressBar::new(count.into())
        .with_style(style)
        .with_prefix(what)
}

/// Puts a line of text in the place of a progress bar that has ended.
fn report(bar: &ProgressBar) {
    // What is missing must not be counted, and only an ended bar tells the speed of the whole.
    bar.set_length(bar.position());
    bar.finish_and_clear();
    let (what, count, seconds) = (bar.prefix(), bar.position(), bar.elapsed().as_secs_f64());
    println!(
        "{what:18}{count:>9} in {seconds:>6.1} s: {:.0}/s",
        bar.per_sec()
    );
}

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
