//! A table of what the first block makes of each token: keys, values and queries behind each other. A token finds its row before
//! anything else; of a file it is read.

use super::emit::Emitter;
use super::file::reads;
use super::known;
use crate::CompileError;
use crate::kernel::by_token::{OfToken, all, stride};
use crate::kernel::sequence::{Home, Offer, Step};

/// What stands for an address in the token's row: its keys, its values and its queries.
pub const KEYS: &str = "keys of the token";
pub const VALUES: &str = "values of the token";
pub const QUERIES: &str = "queries of the token";

/// The table's label, and that of a row which is read from a file.
const TABLE: &str = "first_block";
const ROW: &str = "token_bytes";
/// Where the row is found.
const FOUND: &str = "first_block_row";

/// The stage that finds the row of the token, where there is such a table, and the table itself.
///
/// # Errors
/// Rows that are too long for a file.
pub fn find(e: &mut Emitter) -> Result<(), CompileError> {
    if !e.site.by_token {
        return Ok(());
    }
    let body = e.site.body;
    let (bytes, tokens) = (stride(body), body.embedding.rows);
    let words = |words: Vec<i16>| -> Vec<u8> { words.into_iter().flat_map(i16::to_le_bytes).collect() };
    let row = |OfToken { keys, values, queries }| -> Vec<u8> {
        [words(keys), values.iter().map(|&v| v as u8).collect(), words(queries)].concat()
    };
    let rows: Vec<_> = all(body).map(row).collect();
    e.stage("embed");
    let here = e.known.parts.last().map_or(String::new(), |part| part.from.clone());
    e.label(FOUND);
    let home = if e.rows_in_file(TABLE, &rows)? {
        e.lines(&["ld hl,(token)", &format!("call file_row_{TABLE}"), "ex de,hl"]);
        e.lines(&[&format!("ld de,{ROW}"), &format!("ld bc,{bytes}"), "ldir"]);
        let token = e.site.seen.token().0;
        known::filed_row(e.known.here(), TABLE, token, reads(bytes));
        e.known.here().repeats(format!("{FOUND}>ldir"), bytes as f64);
        Home::File
    } else {
        e.lines(&[&format!("ld hl,{TABLE}"), &format!("ld de,{bytes}"), "ld bc,(token)"]);
        e.lines(&["call index", "ld (token_row),hl"]);
        e.data(TABLE, rows.concat());
        Home::Image
    };
    let offers = vec![Offer { form: "by token", home, bytes: bytes * tokens, cycles: 0.0 }];
    let name = "first block by token".into();
    e.steps.push(Step { name, rows: bytes, cols: tokens, parts: vec![here], offers });
    Ok(())
}

/// The table, if single rows of it are read, and the bytes of a row.
pub fn strides(e: &Emitter) -> Option<(&'static str, usize)> {
    e.site.by_token.then(|| (TABLE, stride(e.site.body)))
}

/// Whether rows are read from a file.
pub fn is_filed(e: &Emitter) -> bool {
    e.site.by_token && e.is_filed(TABLE)
}

/// What it keeps.
pub fn buffers(e: &Emitter) -> Vec<(&'static str, usize)> {
    match (e.site.by_token, is_filed(e)) {
        (false, _) => vec![],
        (true, false) => vec![("token_row", 2)],
        (true, true) => vec![(ROW, stride(e.site.body))],
    }
}

/// Lets HL be an address so many bytes behind another one: behind a label, or a part of the token's row. BC may change.
pub fn point(e: &mut Emitter, at: &str, behind: usize) {
    let shared = e.site.body.kv_heads * e.site.body.head_size;
    let (label, behind) = match at {
        KEYS => (ROW, behind),
        VALUES => (ROW, 2 * shared + behind),
        QUERIES => (ROW, 3 * shared + behind),
        label => (label, behind),
    };
    if label == ROW && !is_filed(e) {
        e.line("ld hl,(token_row)");
        if behind > 0 {
            e.lines(&[&format!("ld bc,{behind}"), "add hl,bc"]);
        }
    } else if behind > 0 {
        e.line(format!("ld hl,{label}+{behind}"));
    } else {
        e.line(format!("ld hl,{label}"));
    }
}
