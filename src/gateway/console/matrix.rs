//! The walls at a glance: every role by every service's schema, from the last look of each service.

use std::sync::Arc;

use crate::db::{Look, Service, audit::Finding};

/// What a role reaches in a schema, and whether it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// A service's role in its own schema.
    Own(String),
    /// Nothing, as it should be.
    Nothing,
    /// Something that it should not, and the ids of the findings that say so.
    Breached(String, Vec<String>),
    /// Something that an operator trusts it with, or has accepted.
    Accepted(String),
    /// Everything, as every superuser.
    Superuser,
    /// Nobody has looked yet.
    Unknown,
}

/// A role's part in a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Owns,
    Serves,
    /// It is no service's.
    Stranger,
}

/// What one role reaches in each schema.
pub(super) struct Row {
    pub(super) role: String,
    pub(super) part: Part,
    pub(super) cells: Vec<Cell>,
}

/// The roles of the services first, then whoever else reaches something.
pub(super) struct Matrix {
    pub(super) rows: Vec<Row>,
    /// Further roles that can log in and reach nothing.
    pub(super) harmless: usize,
}

impl Matrix {
    /// Each service tells of its own schema, because it may stand in a database of its own.
    pub(super) fn new(looks: &[(Service, Option<Arc<Look>>)]) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for (service, _) in looks {
            for (role, part) in [
                (service.owner_role(), Part::Owns),
                (service.service_role(), Part::Serves),
            ] {
                rows.push(Row::new(role, part, looks));
            }
        }
        let mut strangers: Vec<&str> = looks
            .iter()
            .filter_map(|(_, look)| look.as_ref())
            .flat_map(|look| look.matrix.iter().map(|cell| &*cell.role))
            .filter(|role| rows.iter().all(|row| row.role != *role))
            .collect();
        strangers.sort_unstable();
        strangers.dedup();
        let count = strangers.len();
        let strangers = strangers
            .into_iter()
            .map(|role| Row::new(role.to_owned(), Part::Stranger, looks))
            .filter(Row::reaches_something);
        let services = rows.len();
        rows.extend(strangers);
        let harmless = count - (rows.len() - services);
        Self { rows, harmless }
    }
}

impl Row {
    fn new(role: String, part: Part, looks: &[(Service, Option<Arc<Look>>)]) -> Self {
        let cells = looks
            .iter()
            .map(|(service, look)| cell(&role, service, look.as_deref()));
        Self {
            cells: cells.collect(),
            role,
            part,
        }
    }

    fn reaches_something(&self) -> bool {
        let is_nothing = |cell: &Cell| matches!(cell, Cell::Nothing | Cell::Unknown);
        !self.cells.iter().all(is_nothing)
    }
}

fn cell(role: &str, service: &Service, look: Option<&Look>) -> Cell {
    let Some(look) = look.filter(|look| !look.matrix.is_empty()) else {
        return Cell::Unknown;
    };
    let schema = service.name();
    // A role that the service's server does not know reaches nothing there.
    let reach = look
        .matrix
        .iter()
        .find(|cell| cell.role == role && cell.schema == schema)
        .map_or("", |cell| &*cell.reach);
    if reach == "superuser" {
        return Cell::Superuser;
    }
    let is_own = [service.owner_role(), service.service_role()].contains(&role.to_owned());
    // What everyone may is nobody's breach who may not enter, and none of the service's own.
    let everyone_is_meant = !is_own && !reach.is_empty();
    let ids = |concerns: &dyn Fn(&&Finding) -> bool| -> Vec<String> {
        let is_its = |finding: &&Finding| {
            finding.role.trim_matches('"') == role || finding.role == "PUBLIC" && everyone_is_meant
        };
        let findings = look.findings.iter().filter(is_its).filter(concerns);
        let mut ids: Vec<String> = findings.map(Finding::id).collect();
        ids.dedup();
        ids
    };
    let mut found = ids(&|finding| is_in(&finding.object, schema));
    if found.is_empty() && everyone_is_meant {
        // It got here in a roundabout way: a membership, say.
        found = ids(&|_| true);
    }
    let reach = reach.to_owned();
    match (found.is_empty(), reach.is_empty(), is_own) {
        (false, _, _) => Cell::Breached(reach, found),
        (true, true, _) => Cell::Nothing,
        (true, false, true) => Cell::Own(reach),
        (true, false, false) => Cell::Accepted(reach),
    }
}

/// Whether a finding's object is a schema or stands in it.
fn is_in(object: &str, schema: &str) -> bool {
    object
        .split_whitespace()
        .any(|word| word.split('.').next() == Some(schema))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::db::{audit::Reach, migrate::Status};

    const SERVICES: [Service; 2] = [
        Service::new("here", || unreachable!()),
        Service::new("there", || unreachable!()),
    ];

    fn look(matrix: &[(&str, &str, &str)], findings: &[(&str, &str)]) -> Arc<Look> {
        let reach = |(role, schema, reach): &(&str, &str, &str)| Reach {
            role: (*role).to_owned(),
            schema: (*schema).to_owned(),
            reach: (*reach).to_owned(),
        };
        let finding = |(role, object): &(&str, &str)| Finding {
            rule: "foreign-grant".to_owned(),
            role: (*role).to_owned(),
            object: (*object).to_owned(),
            privilege: "USAGE".to_owned(),
            fix: String::new(),
        };
        Arc::new(Look {
            at: Timestamp::UNIX_EPOCH,
            matrix: matrix.iter().map(reach).collect(),
            findings: findings.iter().map(finding).collect(),
            migrations: Status::default(),
        })
    }

    fn of(looks: [Option<Arc<Look>>; 2], role: &str) -> Vec<Cell> {
        let looks: Vec<_> = SERVICES.into_iter().zip(looks).collect();
        let rows = Matrix::new(&looks).rows;
        let row = rows.into_iter().find(|row| row.role == role);
        row.unwrap_or_else(|| panic!("no {role}")).cells
    }

    fn own(text: &str) -> Cell {
        Cell::Own(text.to_owned())
    }

    #[test]
    fn a_role_has_its_own_schema_and_nothing_else() {
        let whole = [
            ("here_service", "here", "enters, 2 tables"),
            ("here_service", "there", ""),
            ("root", "here", "superuser"),
            ("root", "there", "superuser"),
            ("backup", "here", "enters"),
            ("backup", "there", ""),
            ("nobody", "here", ""),
            ("nobody", "there", ""),
        ];
        let looks = || [Some(look(&whole, &[])), Some(look(&whole, &[]))];

        assert_eq!(
            of(looks(), "here_service"),
            [own("enters, 2 tables"), Cell::Nothing]
        );
        assert_eq!(of(looks(), "there_owner"), [Cell::Nothing, Cell::Nothing]);
        assert_eq!(of(looks(), "root"), [Cell::Superuser, Cell::Superuser]);
        assert_eq!(
            of(looks(), "backup"),
            [Cell::Accepted("enters".to_owned()), Cell::Nothing]
        );
        let looks: Vec<_> = SERVICES.into_iter().zip(looks()).collect();
        assert_eq!(Matrix::new(&looks).harmless, 1);
    }

    #[test]
    fn a_breach_is_red_where_it_is_and_names_its_finding() {
        let matrix = [
            ("here_service", "here", "enters"),
            ("here_service", "there", "enters"),
            ("there_service", "there", "enters"),
        ];
        let finding = [("here_service", "schema there")];
        let seen = look(&matrix, &finding);
        let id = seen.findings[0].id();
        let breached = Cell::Breached("enters".to_owned(), vec![id]);

        let cells = of([Some(seen.clone()), Some(seen)], "here_service");

        assert_eq!(cells, [own("enters"), breached]);
    }

    #[test]
    fn what_everyone_may_is_a_breach_for_strangers_and_a_way_around_counts_as_one() {
        let matrix = [
            ("here_service", "there", "enters"),
            ("there_service", "there", "enters"),
        ];
        let public = look(&matrix, &[("PUBLIC", "schema there")]);
        let member = look(&matrix, &[("here_service", "there_owner")]);

        for seen in [public, member] {
            let looks = [Some(look(&matrix, &[])), Some(seen)];
            let of = |role| of(looks.clone(), role).remove(1);
            assert!(matches!(of("here_service"), Cell::Breached(..)));
            assert_eq!(of("there_service"), own("enters"));
            assert_eq!(of("here_owner"), Cell::Nothing);
        }
    }

    #[test]
    fn what_nobody_looked_at_is_not_called_clean() {
        let seen = look(&[("here_owner", "here", "builds")], &[]);
        let looks = [Some(seen), None];

        assert_eq!(
            of(looks.clone(), "here_owner"),
            [own("builds"), Cell::Unknown]
        );
        assert_eq!(of(looks, "there_owner"), [Cell::Nothing, Cell::Unknown]);
    }
}
