//! What people and machines read of an audit.

use std::{collections::BTreeSet, fmt};

use serde_json::{Value, json};

use super::{Finding, Report, rules};

impl Report {
    /// For machines: ids that stay the same from run to run, as in SARIF.
    pub fn to_json(&self) -> Value {
        let rules: BTreeSet<&str> = self.findings.iter().map(|finding| &*finding.rule).collect();
        json!({
            "matrix": self.matrix,
            "rules": rules.iter().map(|rule| json!({ "id": rule, "allows": rules::allows(rule) })).collect::<Vec<_>>(),
            "results": self.findings.iter().map(|finding| json!({
                "ruleId": finding.rule,
                "id": finding.id(),
                "role": finding.role,
                "object": finding.object,
                "privilege": finding.privilege,
                "fix": finding.fix,
            })).collect::<Vec<_>>(),
        })
    }
}

/// For people: first the matrix, then each finding with what it allows and what closes it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_matrix(f)?;
        if self.findings.is_empty() {
            return writeln!(f, "\nNo way across a wall.");
        }
        writeln!(f, "\n{} across a wall:", ways(self.findings.len()))?;
        for (number, finding) in (1..).zip(&self.findings) {
            write!(f, "\n{number:>3}. {finding}")?;
        }
        Ok(())
    }
}

/// What was found, what it allows, and what closes it, each on a line.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = [&*self.role, &self.privilege, &self.object];
        let what: Vec<&str> = what.into_iter().filter(|part| !part.is_empty()).collect();
        writeln!(f, "{}", self.id())?;
        writeln!(f, "     found   {}", what.join("  ·  "))?;
        writeln!(f, "     allows  {}", self.allows())?;
        writeln!(f, "     close   {}", self.fix)
    }
}

impl Report {
    fn fmt_matrix(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut schemas: Vec<&str> = Vec::new();
        let mut roles: Vec<&str> = Vec::new();
        for cell in &self.matrix {
            if !schemas.contains(&&*cell.schema) {
                schemas.push(&cell.schema);
            }
            if !roles.contains(&&*cell.role) {
                roles.push(&cell.role);
            }
        }
        let reach = |role: &str, schema: &str| {
            let cell = self
                .matrix
                .iter()
                .find(|cell| cell.role == role && cell.schema == schema);
            cell.map(|cell| &*cell.reach)
                .filter(|reach| !reach.is_empty())
                .unwrap_or("–")
        };
        let width = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|text| text.chars().count()).max().unwrap_or(0)
        };
        let first = width(&mut roles.iter().copied().chain(["role"]));
        let columns: Vec<usize> = schemas
            .iter()
            .map(|schema| {
                width(
                    &mut roles
                        .iter()
                        .map(|role| reach(role, schema))
                        .chain([*schema]),
                )
            })
            .collect();

        write!(f, "{:first$}", "role")?;
        for (schema, column) in schemas.iter().zip(&columns) {
            write!(f, "   {schema:column$}")?;
        }
        writeln!(f)?;
        for role in &roles {
            write!(f, "{role:first$}")?;
            for (schema, column) in schemas.iter().zip(&columns) {
                write!(f, "   {:column$}", reach(role, schema))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn ways(count: usize) -> String {
    if count == 1 {
        "One way".to_owned()
    } else {
        format!("{count} ways")
    }
}
