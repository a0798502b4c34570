//! Examples: rows of numbers with what is expected of them, from `.npz` and `.csv`.

mod arrays;
mod table;

use super::error::NetworkProblem;
use crate::import::npz;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Most bytes of all numbers together, of eight each.
const MAX_BYTES: usize = 64 << 20;

/// The numbers of all rows, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Bytes as the network gets them: an array `x` of 8-bit integers.
    Bytes(Vec<i8>),
    /// What bytes stand for.
    Reals(Vec<f64>),
}

/// What an array holds of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    pub name: String,
    pub width: usize,
    pub values: Vec<f64>,
}

/// Rows of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    pub values: Values,
    /// Names of the columns of a `.csv` with a header, without that of the label.
    pub columns: Vec<String>,
    /// What a row is an example of: a label, or a number.
    pub labels: Option<Vec<String>>,
    /// Outputs that are expected: other arrays of the file.
    pub expected: Vec<Expected>,
    /// The line that each row begins on; none of a file that has no lines.
    pub lines: Vec<usize>,
    /// What the file has and nobody reads, a sentence each.
    pub notes: Vec<String>,
}

/// How many columns are numbers, and whether a label stands behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// So many are numbers. One more is the label.
    Numbers(usize),
    /// All but the last, which is the label.
    Labelled,
}

impl Examples {
    /// Reads a file; its content decides whether it is an `.npz` or a `.csv`. `inputs` is how many numbers the network
    /// reads: a column more is the label.
    ///
    /// # Errors
    /// What is wrong, with the row or the array.
    pub fn read(bytes: &[u8], inputs: usize) -> Result<Self, NetworkProblem> {
        let examples = read(bytes, Columns::Numbers(inputs))?;
        if examples.width != inputs {
            return Err(NetworkProblem::Columns { found: examples.width, wants: inputs });
        }
        Ok(examples)
    }

    /// Reads a file to learn from: the label is in the last column, or in an array `label` (or `y`) beside `x`.
    ///
    /// # Errors
    /// What is wrong, with the row or the array; rows without labels.
    pub fn read_labelled(bytes: &[u8]) -> Result<Self, NetworkProblem> {
        let mut examples = read(bytes, Columns::Labelled)?;
        if examples.labels.is_none() {
            // What scikit-learn calls the label.
            let place = examples.expected.iter().position(|array| array.name == "y" && array.width == 1);
            examples.labels =
                place.map(|at| examples.expected.remove(at).values.iter().map(f64::to_string).collect());
        }
        match examples.labels {
            Some(_) => Ok(examples),
            None => bad("there is no array label with a value for each row of x"),
        }
    }

    /// The columns as names of inputs: printable, of 40 characters at most, no two the same. None without a header.
    pub fn names(&self) -> Vec<String> {
        let keep = |c: char| if c.is_ascii_graphic() && !",\"".contains(c) { c } else { '_' };
        let mut names: Vec<String> = Vec::with_capacity(self.columns.len());
        let mut known = HashSet::new();
        // The number that a name was last told apart by: the next one goes on from there.
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for column in &self.columns {
            let base: String = column.chars().map(keep).take(36).collect();
            let mut name: String = column.chars().map(keep).take(40).collect();
            let number = numbers.entry(base.clone()).or_insert(1);
            while !known.insert(name.clone()) {
                *number += 1;
                name = format!("{base}_{number}");
            }
            names.push(name);
        }
        if names.iter().any(String::is_empty) { Vec::new() } else { names }
    }

    /// Refuses columns that have the names of the inputs in another order.
    ///
    /// # Errors
    /// Both orders.
    pub fn check_order(&self, inputs: &[String]) -> Result<(), NetworkProblem> {
        let found = self.names();
        let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        if found == inputs || sorted(&found) != sorted(inputs) {
            return Ok(());
        }
        let at = found.iter().zip(inputs).position(|(a, b)| a != b).unwrap_or(0);
        Err(NetworkProblem::Order { column: at + 1, found: found[at].clone(), wants: inputs[at].clone() })
    }

    /// Numbers of a row as they stand for something; `None` where the file has bytes.
    pub fn reals(&self, row: usize) -> Option<&[f64]> {
        match &self.values {
            Values::Reals(values) => Some(&values[row * self.width..][..self.width]),
            Values::Bytes(_) => None,
        }
    }

    /// Some of its rows, by their numbers, with their labels and nothing else that is expected.
    #[must_use]
    pub fn chosen(&self, rows: &[usize]) -> Self {
        let width = self.width;
        let values = match &self.values {
            Values::Bytes(values) => {
                Values::Bytes(rows.iter().flat_map(|row| &values[row * width..][..width]).copied().collect())
            }
            Values::Reals(values) => {
                Values::Reals(rows.iter().flat_map(|row| &values[row * width..][..width]).copied().collect())
            }
        };
        let of = |all: &Vec<String>| rows.iter().map(|&row| all[row].clone()).collect();
        Self {
            rows: rows.len(),
            width,
            values,
            columns: self.columns.clone(),
            labels: self.labels.as_ref().map(of),
            expected: Vec::new(),
            lines: rows.iter().filter_map(|&row| self.lines.get(row).copied()).collect(),
            notes: Vec::new(),
        }
    }

    /// Where a row is, for messages: `line 7`, or `row 7`, both counted from 1.
    pub fn place(&self, row: usize) -> String {
        match self.lines.get(row) {
            Some(line) => format!("line {line}"),
            None => format!("row {}", row + 1),
        }
    }

    /// A column for messages: `column 3 (humidity)`, counted from 1.
    pub fn column(&self, at: usize) -> String {
        column(at, &self.columns)
    }
}

/// A label as it is compared: `2.0` is `2`.
pub fn plain(label: &str) -> String {
    match label.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        _ => label.to_string(),
    }
}

fn column(at: usize, names: &[String]) -> String {
    match names.get(at).filter(|name| !name.is_empty()) {
        Some(name) => format!("column {} ({})", at + 1, crate::shown::shown(name)),
        None => format!("column {}", at + 1),
    }
}

fn read(bytes: &[u8], columns: Columns) -> Result<Examples, NetworkProblem> {
    let examples = if npz::is_zip(bytes) { arrays::read(bytes)? } else { table::read(bytes, columns)? };
    if examples.rows == 0 || examples.width == 0 {
        return Err(NetworkProblem::NoRows);
    }
    Ok(examples)
}

fn bad<T>(what: impl Into<String>) -> Result<T, NetworkProblem> {
    Err(NetworkProblem::Data(what.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn names(header: &str) -> Vec<String> {
        let row = vec!["1"; header.split(',').count()].join(",");
        Examples::read_labelled(format!("{header},label\n{row},a\n").as_bytes()).expect("a table").names()
    }

    #[test]
    fn columns_are_told_apart() {
        assert_eq!(names("x,y z,x,x_2,x"), ["x", "y_z", "x_2", "x_2_2", "x_3"]);
        assert_eq!(names("x,,y"), [""; 0], "a column without a name");
        let long = "n".repeat(50);
        let two = names(&format!("{long},{long}"));
        assert_eq!(two, ["n".repeat(40), format!("{}_2", "n".repeat(36))]);
        // As many as a table may have on a bad day: a look at all others for each would not end.
        let many = names(&vec!["x"; 20_000].join(","));
        assert_eq!(many.iter().collect::<HashSet<_>>().len(), 20_000);
    }
}
