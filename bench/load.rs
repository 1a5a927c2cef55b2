//! Loads a running server through REST, then checks that it kept everything.
//!
//! Many clients register users and place orders, each waiting for an answer before it asks again (a closed loop). Then all
//! users and orders are read back, page by page, and compared with what was sent. Only what the run itself created counts,
//! so the server may hold other data. It may also be stopped and started again during a run.
//!
//! `cargo run --release --example load -- --help`
//!
//! The exit code is 0 when all is there, 1 when something differs, and 2 when the run could not be done.

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
/// The pause before the next try, unless the server names one.
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
        Err(failure) => {
            eprintln!("load: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Why the run could not be done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the run was not over after {0} seconds")]
    OutOfTime(u32),
    #[error("{call} failed: {trouble}")]
    NoAnswer { call: String, trouble: Trouble },
    #[error("{call} was answered with {status}, which was not expected here: {body:.500}")]
    Unexpected {
        call: String,
        status: StatusCode,
        body: String,
    },
}

/// Why one try brought no answer.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the server says to come again later")]
    Busy(Duration),
    #[error("the server cannot be reached ({0})")]
    Unreachable(ureq::Error),
    #[error("{0}")]
    Lost(ureq::Error),
}

impl From<ureq::Error> for Trouble {
    fn from(error: ureq::Error) -> Self {
        let refused =
            matches!(&error, ureq::Error::Io(io) if io.kind() == io::ErrorKind::ConnectionRefused);
        if refused || matches!(error, ureq::Error::HostNotFound) {
            Self::Unreachable(error)
        } else {
            Self::Lost(error)
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

    fn load_and_compare(&self) -> Result<Differences, Failure> {
        let client = Client::new(self);
        // A wrong URL shows at once, not after many tries.
        client
            .ask(&Call::Get("/users?limit=1".to_owned()), |_| false)?
            .read::<Page<User>>(StatusCode::OK)?;

        let ids = self.register_users()?;
        let ledger = self.place_orders(&ids)?;

        let mut differences = Differences::default();
        self.compare_users(&client, &ids, &mut differences)?;
        self.compare_orders(&client, &ids, ledger, &mut differences)?;
        Ok(differences)
    }

    /// Returns the users' ids, in the order of their numbers.
    fn register_users(&self) -> Result<Vec<Uuid>, Failure> {
        let mut ids = vec![Uuid::nil(); self.options.users as usize];
        self.share_out(
            "users registered",
            self.options.users,
            |client, number| {
                Ok((
                    number,
                    register(client, &self.email(number), &self.name(number))?,
                ))
            },
            |(number, id)| ids[number as usize] = id,
        )?;
        Ok(ids)
    }

    fn place_orders(&self, customers: &[Uuid]) -> Result<Ledger, Failure> {
        let mut ledger = Ledger::default();
        self.share_out(
            "orders placed",
            self.options.orders,
            |client, number| {
                place(
                    client,
                    NewOrder::invent(self.options.seed, number, customers),
                )
            },
            |placed| ledger.book(placed),
        )?;
        Ok(ledger)
    }

    /// Gives the numbers below `count` out to the clients, and takes what each does with them as it comes.
    fn share_out<T: Send>(
        &self,
        what: &'static str,
        count: u32,
        work: impl Fn(&Client, u32) -> Result<T, Failure> + Sync,
        mut take: impl FnMut(T),
    ) -> Result<(), Failure> {
        let bar = progress(what, count);
        let next = AtomicU32::new(0);
        let (sender, outcomes) = mpsc::channel();
        let client = |outcomes: mpsc::Sender<_>| {
            let client = Client::new(self);
            let number = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|it| *it < count);
            for number in iter::from_fn(number) {
                if outcomes.send(work(&client, number)).is_err() {
                    return;
                }
            }
        };
        thread::scope(|scope| {
            for sender in iter::repeat_n(sender, self.options.clients as usize) {
                scope.spawn(|| client(sender));
            }
            // A failure drops `outcomes`, and so stops every client.
            for outcome in outcomes {
                take(outcome?);
                bar.inc(1);
            }
            Ok(())
        })?;
        report(&bar);
        Ok(())
    }

    fn compare_users(
        &self,
        client: &Client,
        ids: &[Uuid],
        differences: &mut Differences,
    ) -> Result<(), Failure> {
        let mut sent: HashMap<String, (Uuid, String)> = iter::zip(0.., ids)
            .map(|(number, id)| (self.email(number), (*id, self.name(number))))
            .collect();
        let bar = progress("users compared", self.options.users);
        client.read_all("/users", |user: User| {
            if !user.email.contains(&self.mark) {
                return;
            }
            bar.inc(1);
            let Some((id, name)) = sent.remove(&user.email) else {
                return differences.add("users listed twice or never sent", user.email);
            };
            if user.id != id {
                let example = format!("{}: {} instead of {id}", user.email, user.id);
                differences.add("users with another id", example);
            }
            if user.name != name {
                let example = format!("{}: {:?} instead of {name:?}", user.email, user.name);
                differences.add("users with another name", example);
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
        client: &Client,
        ids: &[Uuid],
        ledger: Ledger,
        differences: &mut Differences,
    ) -> Result<(), Failure> {
        let customers: HashSet<&Uuid> = ids.iter().collect();
        let mut found: HashMap<Account, Tally> = HashMap::new();
        let bar = progress("orders compared", self.options.orders);
        client.read_all("/orders", |order: Order| {
            if !customers.contains(&order.customer_id) {
                return;
            }
            bar.inc(1);
            let total = total(&order.items);
            if total != order.total {
                let example = format!("{}: {} instead of {total}", order.id, order.total);
                differences.add("orders whose total is not the sum of their items", example);
            }
            let account = (order.customer_id, order.currency);
            found.entry(account).or_default().add(total);
        })?;
        report(&bar);
        ledger.compare(&found, differences);
        Ok(())
    }

    fn email(&self, number: u32) -> String {
        let domain = ["example.com", "example.org"][number as usize % 2];
        format!("user-{number}.{}@{domain}", self.mark)
    }

    fn name(&self, number: u32) -> String {
        let mut random = Random::new(self.options.seed, "user", number);
        let (given, family, write) = random.pick(NAMES);
        write(random.pick_word(given), random.pick_word(family))
    }
}

/// Registers one user and returns its id.
fn register(client: &Client, email: &str, name: &str) -> Result<Uuid, Failure> {
    let mut tried_before = false;
    let call = Call::Post("/users", json!({ "email": email, "name": name }));
    let answer = client.ask(&call, |_| {
        tried_before = true;
        true
    })?;
    if tried_before && answer.status == StatusCode::CONFLICT {
        // An earlier try, of which we never heard, has taken the address.
        let users: Page<User> = client.get(format!("/users?email={email}"))?;
        if let Some(user) = users.items.first() {
            return Ok(user.id);
        }
    }
    Ok(answer.read::<User>(StatusCode::CREATED)?.id)
}

/// Places one order. Without an `Idempotency-Key` a second try could place it twice, so there is one only after an answer
/// that asks for it, or when nothing was sent.
fn place(client: &Client, order: NewOrder) -> Result<Placed, Failure> {
    let total = total(&order.items);
    let mut busy = 0;
    let call = Call::Post("/orders", json!(order));
    let answer = client.ask(&call, |trouble| match trouble {
        Trouble::Busy(_) => {
            busy += 1;
            true
        }
        Trouble::Unreachable(_) => true,
        Trouble::Lost(_) => false,
    });
    let lost = match answer {
        Ok(answer) => answer.read::<Order>(StatusCode::CREATED).map(|_| false)?,
        Err(Failure::NoAnswer {
            trouble: Trouble::Lost(_),
            ..
        }) => true,
        Err(failure) => return Err(failure),
    };
    Ok(Placed {
        account: (order.customer_id, order.currency),
        total,
        busy,
        lost,
    })
}

/// A customer and a currency.
type Account = (Uuid, String);

/// What came of placing one order.
struct Placed {
    account: Account,
    total: u64,
    busy: u32,
    lost: bool,
}

/// What the server has to hold, by account.
#[derive(Default)]
struct Ledger {
    accounts: HashMap<Account, Booked>,
    busy: u32,
    lost: u32,
}

#[derive(Default)]
struct Booked {
    sure: Tally,
    /// The total of each try that the server may have carried out without our hearing of it. That includes those answered
    /// with 503: the server's deadline can pass while the database commits.
    unsure: Vec<u64>,
}

impl Ledger {
    fn book(&mut self, placed: Placed) {
        let booked = self.accounts.entry(placed.account).or_default();
        let unsure = placed.busy + u32::from(placed.lost);
        booked
            .unsure
            .extend(iter::repeat_n(placed.total, unsure as usize));
        if !placed.lost {
            booked.sure.add(placed.total);
        }
        self.busy += placed.busy;
        self.lost += u32::from(placed.lost);
    }

    fn compare(mut self, found: &HashMap<Account, Tally>, differences: &mut Differences) {
        for account in found.keys() {
            self.accounts.entry(account.clone()).or_default();
        }
        let mut came_to_pass = 0;
        for (account, booked) in &self.accounts {
            let found = found.get(account).copied().unwrap_or_default();
            let extra = found.minus(booked.sure);
            match extra.filter(|extra| extra.is_made_of(&booked.unsure)) {
                Some(extra) => came_to_pass += extra.orders,
                None => {
                    let (customer, currency) = account;
                    let example =
                        format!("{customer}: {found} {currency} instead of {}", booked.sure);
                    differences.add("customers with other orders in a currency", example);
                }
            }
        }
        if self.busy + self.lost > 0 {
            println!(
                "unsure: {} orders whose answer was lost, {} tries that were answered with 503; {came_to_pass} of them are there",
                self.lost, self.busy
            );
        }
    }
}

/// A number of orders and the sum of their totals.
#[derive(Clone, Copy, Default, PartialEq)]
struct Tally {
    orders: u64,
    sum: u64,
}

impl Tally {
    fn add(&mut self, total: u64) {
        self.orders += 1;
        self.sum += total;
    }

    fn minus(self, other: Self) -> Option<Self> {
        Some(Self {
            orders: self.orders.checked_sub(other.orders)?,
            sum: self.sum.checked_sub(other.sum)?,
        })
    }

    /// Whether it can be had by adding some of these totals.
    fn is_made_of(self, totals: &[u64]) -> bool {
        match totals {
            _ if self.orders == 0 => self.sum == 0,
            [] => false,
            &[sum, ref others @ ..] => {
                let without = self.minus(Self { orders: 1, sum });
                without.is_some_and(|rest| rest.is_made_of(others)) || self.is_made_of(others)
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} orders of together {}", self.orders, self.sum)
    }
}

/// Examples of what differs, by kind.
#[derive(Default)]
struct Differences(BTreeMap<&'static str, Vec<String>>);

impl Differences {
    fn add(&mut self, kind: &'static str, example: String) {
        self.0.entry(kind).or_default().push(example);
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "no difference");
        }
        for (kind, examples) in &self.0 {
            writeln!(f, "DIFFERENCE: {} {kind}, such as", examples.len())?;
            for example in examples.iter().take(3) {
                writeln!(f, "  {example}")?;
            }
        }
        Ok(())
    }
}

/// One client: its connection is kept alive between requests.
struct Client<'run> {
    run: &'run Run,
    agent: Agent,
}

/// A request.
enum Call {
    Get(String),
    Post(&'static str, Value),
}

struct Answer {
    call: String,
    status: StatusCode,
    body: String,
}

impl<'run> Client<'run> {
    fn new(run: &'run Run) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_WAIT))
            .proxy(None);
        Self {
            run,
            agent: config.build().new_agent(),
        }
    }

    /// Makes the call until it is answered, as long as a trouble lets it be made `again`.
    fn ask(&self, call: &Call, mut again: impl FnMut(&Trouble) -> bool) -> Result<Answer, Failure> {
        let mut tries = 0;
        loop {
            if Instant::now() >= self.run.deadline {
                return Err(Failure::OutOfTime(self.run.options.seconds));
            }
            tries += 1;
            let trouble = match self.try_once(call) {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            if !again(&trouble) || tries == TRIES {
                let call = call.to_string();
                return Err(Failure::NoAnswer { call, trouble });
            }
            thread::sleep(match trouble {
                Trouble::Busy(pause) => pause.min(ANSWER_WAIT),
                Trouble::Unreachable(_) | Trouble::Lost(_) => PAUSE,
            });
        }
    }

    fn try_once(&self, call: &Call) -> Result<Answer, Trouble> {
        let url = |path| format!("{}{path}", self.run.options.url.trim_end_matches('/'));
        let mut response = match call {
            Call::Get(path) => self.agent.get(url(path)).call(),
            Call::Post(path, body) => self.agent.post(url(path)).send_json(body),
        }?;
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            let named = response.headers().get("Retry-After");
            let seconds = named.and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(Trouble::Busy(seconds.map_or(PAUSE, Duration::from_secs)));
        }
        Ok(Answer {
            call: call.to_string(),
            status: response.status(),
            body: response.body_mut().read_to_string()?,
        })
    }

    fn get<T: DeserializeOwned>(&self, path: String) -> Result<T, Failure> {
        self.ask(&Call::Get(path), |_| true)?.read(StatusCode::OK)
    }

    /// Pages through a list to its end.
    fn read_all<T: DeserializeOwned>(
        &self,
        path: &str,
        mut visit: impl FnMut(T),
    ) -> Result<(), Failure> {
        let mut page: Page<T> = self.get(format!("{path}?limit=200"))?;
        loop {
            page.items.into_iter().for_each(&mut visit);
            let Some(next) = page.next else {
                return Ok(());
            };
            page = self.get(format!("{path}?limit=200&after={next}"))?;
        }
    }
}

impl Answer {
    /// Reads an answer that must have this status.
    fn read<T: DeserializeOwned>(self, status: StatusCode) -> Result<T, Failure> {
        let body = serde_json::from_str(&self.body).ok();
        body.filter(|_| self.status == status)
            .ok_or(Failure::Unexpected {
                call: self.call,
                status: self.status,
                body: self.body,
            })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get(path) => write!(f, "GET {path}"),
            Self::Post(path, _) => write!(f, "POST {path}"),
        }
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

#[derive(Serialize)]
struct NewOrder {
    customer_id: Uuid,
    currency: String,
    items: Vec<Item>,
}

#[derive(Deserialize, Serialize)]
struct Item {
    sku: String,
    quantity: u32,
    unit_price: u64,
}

fn total(items: &[Item]) -> u64 {
    let lines = items
        .iter()
        .map(|item| u64::from(item.quantity) * item.unit_price);
    lines.sum()
}

impl NewOrder {
    fn invent(seed: u64, number: u32, customers: &[Uuid]) -> Self {
        let mut random = Random::new(seed, "order", number);
        let (currency, prices) = random.pick(CURRENCIES);
        Self {
            customer_id: *random.pick(customers),
            currency: (*currency).to_owned(),
            items: (0..random.within(&(1..=8)))
                .map(|_| Item::invent(&mut random, prices))
                .collect(),
        }
    }
}

impl Item {
    fn invent(random: &mut Random, prices: &RangeInclusive<u32>) -> Self {
        let (kind, variant) = (random.pick_word(KINDS), random.pick_word(VARIANTS));
        Self {
            sku: format!("{kind}-{variant}-{:04}", random.within(&(1..=9999))),
            quantity: *random.pick(&[1, 1, 1, 1, 2, 2, 3, 4, 6, 12]),
            unit_price: random.within(prices).into(),
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

    fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[(self.next() >> 32) as usize % things.len()]
    }

    fn pick_word<'a>(&mut self, words: &'a str) -> &'a str {
        let words: Vec<_> = words.split(", ").collect();
        self.pick(&words)
    }
}

fn progress(what: &'static str, count: u32) -> ProgressBar {
    let template = "{prefix:18} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
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
    println!(
        "{:18}{:>9} in {:>6.1} s {:>8.0} /s",
        bar.prefix(),
        bar.position(),
        bar.elapsed().as_secs_f64(),
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

const KINDS: &str =
    "TEA, MUG, LAMP, CHAIR, DESK, SHIRT, BOOT, BIKE, RADIO, CABLE, PEN, SOAP, TENT, KNIFE";
const VARIANTS: &str =
    "BLK, WHT, RED, S, M, L, XL, 250G, 1KG, 350ML, 2M, OAK, V2, EU-PLUG, SET_3, 1.5";

type Write = fn(&str, &str) -> String;

/// Given names, family names, and how a full name is written. One accent is a character of its own (`e\u{301}`): a server
/// that normalises names would change it.
const NAMES: &[(&str, &str, Write)] = &[
    (
        "Zoë, José, Anaïs, Jean-Luc, Ame\u{301}lie, Seán, Siân, María del Mar, Ana-Sofía, João, François",
        "O'Brien, D’Angelo, Núñez, Smith-Jones, Ó Súilleabháin, van der Berg, Müller-Lüdenscheidt, L'Hôpital, Strauß",
        given_first,
    ),
    (
        "Łukasz, Søren, Åsa, Þórunn, Jiří, Žofie, Gül, Ástríður, Rūta, Ģirts, Ștefan, Ağça",
        "Wałęsa, Kierkegaard, Ångström, Dvořák, Šimůnek, Öztürk, Jónsdóttir, Čiurlionis, Bērziņš, Țepeș, Erdős",
        given_first,
    ),
    (
        "Анна, Фёдор, Олексій, Наталья, Ђорђе, Йордан",
        "Соловьёва, Іваненко, Римский-Корсаков, Петровић, Щербина",
        given_first,
    ),
    (
        "Ελένη, Γιώργος, Αλέξανδρος, Χρυσούλα",
        "Παπαδοπούλου, Θεοδωράκης, Οικονόμου",
        given_first,
    ),
    (
        "محمد, فاطمة, عبد الرحمن, ليلى, نور الدين",
        "الخوارزمي, بن سعيد, حداد, القاسمي",
        given_first,
    ),
    (
        "נועה, יוסף, שרה, אברהם",
        "כהן, לוי, בן־גוריון, מזרחי",
        given_first,
    ),
    (
        "प्रिया, अर्जुन, लक्ष्मी, ऋषि",
        "शर्मा, द्विवेदी, चौधरी, श्रीवास्तव",
        given_first,
    ),
    (
        "สมชาย, ณัฐวุฒิ, กัญญา, พิมพ์ใจ",
        "ศรีสุวรรณ, แก้วมณี, จันทร์เพ็ญ",
        given_first,
    ),
    (
        "Thị Ánh, Văn Đức, Minh Hằng, Quốc Dũng, Ngọc Quỳnh",
        "Nguyễn, Trần, Lê, Phạm, Đặng",
        family_first,
    ),
    (
        "花子, 太郎, さくら, 健一, アンナ",
        "佐藤, 鈴木, 髙橋, 渡邊, 小野寺",
        family_first,
    ),
    (
        "伟, 秀英, 小明, 雪梅, 志強",
        "王, 李, 張, 欧阳, 司馬, 𠮷",
        family_first_unspaced,
    ),
    (
        "민준, 서연, 지우, 하늘, 영희",
        "김, 이, 박, 최, 남궁",
        family_first_unspaced,
    ),
];

fn given_first(given: &str, family: &str) -> String {
    format!("{given} {family}")
}

fn family_first(given: &str, family: &str) -> String {
    format!("{family} {given}")
}

fn family_first_unspaced(given: &str, family: &str) -> String {
    format!("{family}{given}")
}
