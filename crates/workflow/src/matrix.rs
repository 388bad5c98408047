//! The jobs of a `strategy.matrix`.
//!
//! Source: "Running variations of jobs in a workflow". The rows are multiplied in the order of
//! the file, the last one turning fastest. `exclude` takes away what matches all of its keys.
//! Each `include` in turn is added to every combination none of whose original values it would
//! overwrite; when there is no such combination, it becomes one of its own. When everything is
//! excluded, nothing is left of the matrix, and the job runs once without one (this is not
//! documented: `EvaluateStrategy` of actions/runner).

use crate::expr::{Object, Value};

/// How many jobs a matrix may yield; GitHub's limit.
pub const MAX_JOBS: usize = 256;

/// How long the name of a job may be; GitHub's limit.
const MAX_NAME: usize = 100;
const ELLIPSIS: &str = "...";

/// One job of a matrix: the `matrix` context.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Combination {
    /// The keys and their values in order.
    pub values: Object,
    /// How many of them, the first ones, name the job: not what an `include` adds to a combination.
    naming: usize,
}

/// Why a matrix yields no jobs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    /// The matrix is no object.
    #[error("a matrix must be an object, not {0}")]
    NotAnObject(&'static str),
    /// A row is no list.
    #[error("matrix key `{0}` must be a list, not {1}")]
    NotAList(String, &'static str),
    /// A row is empty.
    #[error("matrix key `{0}` has no values")]
    Empty(String),
    /// An item of `include` or `exclude` is no object.
    #[error("each item of matrix `{0}` must be an object, not {1}")]
    NotAFilter(&'static str, &'static str),
    /// An item of `include` or `exclude` is empty.
    #[error("an item of matrix `{0}` has no values")]
    EmptyFilter(&'static str),
    /// An `exclude` names what is no row.
    #[error("`exclude` names `{0}`, and the matrix has no such row")]
    NoSuchRow(String),
    /// There is nothing that a job could come from.
    #[error("the matrix has neither a row nor an item of `include`")]
    NoRow,
    /// There are too many.
    #[error("the matrix yields more than {MAX_JOBS} jobs")]
    TooMany,
}

/// The combinations of a matrix, evaluated: an object of lists with `include` and `exclude`. None
/// if everything is excluded.
///
/// # Errors
/// The matrix is malformed or too large.
pub fn expand(matrix: &Value) -> Result<Vec<Combination>, MatrixError> {
    let Value::Object(matrix) = matrix else {
        return Err(MatrixError::NotAnObject(matrix.describe()));
    };
    let include = filters(matrix, "include")?;
    let exclude = filters(matrix, "exclude")?;
    let rows = rows(matrix)?;
    if rows.is_empty() && include.is_empty() {
        return Err(MatrixError::NoRow);
    }
    let is_row = |key: &str| rows.iter().any(|(row, _)| is_same(row, key));
    if let Some((key, _)) =
        exclude.iter().flat_map(|filter| filter.iter()).find(|(key, _)| !is_row(key))
    {
        return Err(MatrixError::NoSuchRow(key.into()));
    }
    let mut combinations = multiply(&rows, &exclude)?;
    let originals = combinations.len();
    for extra in include {
        let mut added = false;
        for combination in combinations.iter_mut().take(originals) {
            added |= combination.include(&rows, extra);
        }
        if !added {
            combinations.push(Combination::of_include(&rows, extra));
        }
        if combinations.len() > MAX_JOBS {
            return Err(MatrixError::TooMany);
        }
    }
    Ok(combinations)
}

type Row<'a> = (&'a str, &'a [Value]);

fn rows(matrix: &Object) -> Result<Vec<Row<'_>>, MatrixError> {
    matrix
        .iter()
        .filter(|(key, _)| !is_filter(key))
        .map(|(key, value)| match value.as_array() {
            None => Err(MatrixError::NotAList(key.into(), value.describe())),
            Some([]) => Err(MatrixError::Empty(key.into())),
            Some(items) => Ok((key, items)),
        })
        .collect()
}

fn filters<'a>(matrix: &'a Object, key: &'static str) -> Result<Vec<&'a Object>, MatrixError> {
    match matrix.iter().find(|(own, _)| *own == key).map(|(_, value)| value) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| match item.as_object() {
                None => Err(MatrixError::NotAFilter(key, item.describe())),
                Some(filter) if filter.is_empty() => Err(MatrixError::EmptyFilter(key)),
                Some(filter) => Ok(filter),
            })
            .collect(),
        Some(other) => Err(MatrixError::NotAList(key.into(), other.describe())),
    }
}

/// All combinations of the rows that no filter excludes.
fn multiply(rows: &[Row<'_>], exclude: &[&Object]) -> Result<Vec<Combination>, MatrixError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let total = rows.iter().try_fold(1usize, |total, (_, items)| total.checked_mul(items.len()));
    // Excluding must not become a way to make the machine multiply for ever.
    let total = total.filter(|total| *total <= MAX_JOBS * MAX_JOBS).ok_or(MatrixError::TooMany)?;
    let mut combinations = Vec::new();
    for number in 0..total {
        let mut rest = number;
        let mut picked: Vec<&Value> = rows
            .iter()
            .rev()
            .filter_map(|(_, items)| {
                let item = items.get(rest % items.len());
                rest /= items.len();
                item
            })
            .collect();
        picked.reverse();
        let values: Object =
            rows.iter().zip(picked).map(|((key, _), value)| (*key, value.clone())).collect();
        if !exclude.iter().any(|filter| excludes(filter, &values)) {
            combinations.push(Combination { naming: values.len(), values });
        }
        if combinations.len() > MAX_JOBS {
            return Err(MatrixError::TooMany);
        }
    }
    Ok(combinations)
}

/// Whether every key of the filter has the same value in the combination.
fn excludes(filter: &Object, values: &Object) -> bool {
    filter.iter().all(|(key, wanted)| values.get(key).is_some_and(|value| covers(wanted, value)))
}

/// Equal as `==` has it: of an object in the keys that the filter names, of a list in the first
/// items. What is not there is null.
fn covers(wanted: &Value, value: &Value) -> bool {
    match wanted {
        Value::Object(wanted) => wanted.iter().all(|(key, wanted)| {
            let member = value.as_object().and_then(|object| object.get(key));
            covers(wanted, member.unwrap_or(&Value::Null))
        }),
        Value::Array(wanted) => wanted.iter().enumerate().all(|(at, wanted)| {
            let item = value.as_array().and_then(|items| items.get(at));
            covers(wanted, item.unwrap_or(&Value::Null))
        }),
        wanted => wanted.equals(value),
    }
}

/// Whether a key of a matrix is no row. Unlike other keys these are theirs only as they are
/// written here: `Include` is a row.
#[must_use]
pub fn is_filter(key: &str) -> bool {
    key == "include" || key == "exclude"
}

/// Keys ignore case.
fn is_same(row: &str, key: &str) -> bool {
    row.eq_ignore_ascii_case(key)
}

impl Combination {
    /// That of an `include` on its own: values of rows first.
    fn of_include(rows: &[Row<'_>], include: &Object) -> Self {
        let of_row = |key: &str| rows.iter().any(|(row, _)| is_same(row, key));
        let (own, extra): (Vec<_>, Vec<_>) = include.iter().partition(|(key, _)| of_row(key));
        let values = own.into_iter().chain(extra);
        let values: Object = values.map(|(key, value)| (key, value.clone())).collect();
        Self { naming: values.len(), values }
    }

    /// Takes the values of an `include` in, unless it would change one of the rows' own; values
    /// of an earlier `include` may be changed.
    fn include(&mut self, rows: &[Row<'_>], extra: &Object) -> bool {
        let of_row = |key: &str| rows.iter().any(|(row, _)| is_same(row, key));
        let fits = extra
            .iter()
            .filter(|(key, _)| of_row(key))
            .all(|(key, wanted)| self.values.get(key).is_some_and(|value| covers(wanted, value)));
        if fits {
            let new = extra.iter().filter(|(key, _)| !of_row(key));
            self.values.extend(new.map(|(key, value)| (key, value.clone())));
        }
        fits
    }

    /// What tells the jobs of a matrix apart: their values, joined, collections by their parts.
    /// What an `include` added is not among them.
    #[must_use]
    pub fn label(&self) -> String {
        let mut parts = Vec::new();
        self.values.values().take(self.naming).for_each(|value| leaves(value, &mut parts));
        parts.join(", ")
    }

    /// `job (a, b)`: the name of a job that has none of its own. GitHub cuts it.
    #[must_use]
    pub fn display_name(&self, job: &str) -> String {
        let label = self.label();
        cut(if label.is_empty() { job.into() } else { format!("{job} ({label})") })
    }
}

/// What is left of a name of more than 100 UTF-16 units, as GitHub counts them.
fn cut(name: String) -> String {
    let units = |c: char| c.len_utf16();
    if name.chars().map(units).sum::<usize>() <= MAX_NAME {
        return name;
    }
    let mut left = MAX_NAME - ELLIPSIS.len();
    let fits = |c: &char| {
        let fits = units(*c) <= left;
        left = if fits { left - units(*c) } else { 0 };
        fits
    };
    name.chars().take_while(fits).collect::<String>() + ELLIPSIS
}

fn leaves(value: &Value, parts: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, parts)),
        Value::Object(object) => object.values().for_each(|item| leaves(item, parts)),
        other => {
            let text = other.to_text();
            if !text.is_empty() {
                parts.push(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Combination, MatrixError, expand};
    use crate::expr::Value;

    fn combinations(json: &str) -> Result<Vec<Combination>, MatrixError> {
        expand(&serde_json::from_str::<Value>(json).unwrap())
    }

    fn shown(json: &str) -> String {
        let lines: Vec<String> = combinations(json)
            .unwrap()
            .into_iter()
            .map(|c| serde_json::to_string(&Value::from(c.values)).unwrap())
            .collect();
        lines.join("\n")
    }

    /// The example of GitHub's documentation.
    #[test]
    fn includes_extend_and_add() {
        let matrix = r#"{"fruit": ["apple", "pear"], "animal": ["cat", "dog"], "include": [
            {"color": "green"}, {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"}, {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"}]}"#;
        insta::assert_snapshot!(shown(matrix), @r#"
        {"fruit":"apple","animal":"cat","color":"pink","shape":"circle"}
        {"fruit":"apple","animal":"dog","color":"green","shape":"circle"}
        {"fruit":"pear","animal":"cat","color":"pink"}
        {"fruit":"pear","animal":"dog","color":"green"}
        {"fruit":"banana"}
        {"fruit":"banana","animal":"cat"}
        "#);
    }

    /// The example of GitHub's documentation.
    #[test]
    fn excludes_need_all_their_keys() {
        let matrix = r#"{"os": ["macos", "windows"], "version": [12, 14, 16],
            "environment": ["staging", "production"], "exclude": [
            {"os": "macos", "version": 12, "environment": "production"},
            {"os": "windows", "version": 16}]}"#;
        insta::assert_snapshot!(shown(matrix), @r#"
        {"os":"macos","version":12,"environment":"staging"}
        {"os":"macos","version":14,"environment":"staging"}
        {"os":"macos","version":14,"environment":"production"}
        {"os":"macos","version":16,"environment":"staging"}
        {"os":"macos","version":16,"environment":"production"}
        {"os":"windows","version":12,"environment":"staging"}
        {"os":"windows","version":12,"environment":"production"}
        {"os":"windows","version":14,"environment":"staging"}
        {"os":"windows","version":14,"environment":"production"}
        "#);
    }

    #[test]
    fn excluded_combinations_may_come_back_by_include() {
        let matrix = r#"{"a": [1], "exclude": [{"a": 1}], "include": [{"a": 1, "b": 2}]}"#;
        insta::assert_snapshot!(shown(matrix), @r#"{"a":1,"b":2}"#);
    }

    #[test]
    fn nothing_is_left_when_everything_is_excluded() {
        assert_eq!(shown(r#"{"a": [1], "exclude": [{"a": 1}]}"#), "");
    }

    #[test]
    fn filters_in_another_case_are_rows() {
        insta::assert_snapshot!(shown(r#"{"Include": [{"a": 1}, 2], "b": [3]}"#), @r#"
        {"Include":{"a":1},"b":3}
        {"Include":2,"b":3}
        "#);
    }

    #[test]
    fn objects_are_excluded_by_part_of_them() {
        let matrix = r#"{"x": [{"n": 1, "m": 2}, {"n": 2}], "exclude": [{"x": {"n": 1}}]}"#;
        insta::assert_snapshot!(shown(matrix), @r#"{"x":{"n":2}}"#);
    }

    #[test]
    fn limits_and_mistakes() {
        let row = |n: usize| format!("[{}]", vec!["1"; n].join(","));
        assert!(combinations(&format!(r#"{{"a": {}}}"#, row(256))).is_ok());
        let error = |json: &str| combinations(json).unwrap_err().to_string();
        let all = [
            error(&format!(r#"{{"a": {}}}"#, row(257))),
            error(&format!(r#"{{"a": {0}, "b": {0}, "c": {0}, "d": {0}}}"#, row(60000))),
            error("[]"),
            error(r#"{"a": 1}"#),
            error(r#"{"a": []}"#),
            error(r#"{"a": [1], "include": [1]}"#),
            error(r#"{"a": [1], "include": null}"#),
            error("{}"),
            error(r#"{"include": [], "exclude": []}"#),
            error(r#"{"a": [1], "exclude": [{"a": 2, "arch": 1}]}"#),
            error(r#"{"a": [1], "exclude": [{}]}"#),
            error(r#"{"a": [1], "include": [{}]}"#),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        the matrix yields more than 256 jobs
        the matrix yields more than 256 jobs
        a matrix must be an object, not a list
        matrix key `a` must be a list, not a number
        matrix key `a` has no values
        each item of matrix `include` must be an object, not a number
        matrix key `include` must be a list, not null
        the matrix has neither a row nor an item of `include`
        the matrix has neither a row nor an item of `include`
        `exclude` names `arch`, and the matrix has no such row
        an item of matrix `exclude` has no values
        an item of matrix `include` has no values
        ");
    }

    #[test]
    fn jobs_are_named_by_their_values() {
        let matrix = r#"{"os": ["linux"], "v": [1.0], "x": [{"a": true, "b": null}]}"#;
        assert_eq!(combinations(matrix).unwrap()[0].display_name("test"), "test (linux, 1, true)");
        let names = |json: &str| -> Vec<String> {
            combinations(json).unwrap().iter().map(|c| c.display_name("a")).collect()
        };
        let matrix =
            r#"{"os": ["x", "y"], "include": [{"os": "x", "extra": 7}, {"extra": 8, "OS": "z"}]}"#;
        assert_eq!(names(matrix), ["a (x)", "a (y)", "a (z, 8)"]);
        assert_eq!(names(r#"{"include": [{"extra": 7}]}"#), ["a (7)"]);
    }

    #[test]
    fn long_names_are_cut_to_100_units() {
        let named = |name: &str| Combination::default().display_name(name);
        assert_eq!(named(&"x".repeat(100)), "x".repeat(100));
        assert_eq!(named(&"x".repeat(101)), "x".repeat(97) + "...");
        assert_eq!(named(&"😀".repeat(51)), "😀".repeat(48) + "...");
        assert_eq!(named(&("😀".repeat(48) + &"é".repeat(10))), "😀".repeat(48) + "é...");
    }

    #[test]
    fn lists_are_excluded_by_their_first_items() {
        let matrix = r#"{"x": [[1, 2], [1], [2, 1]], "exclude": [{"x": [1]}]}"#;
        insta::assert_snapshot!(shown(matrix), @r#"{"x":[2,1]}"#);
        let matrix = r#"{"x": [{"a": 1}, {"b": 1}], "exclude": [{"x": {"b": null}}]}"#;
        insta::assert_snapshot!(shown(matrix), @r#"{"x":{"b":1}}"#);
    }
}
