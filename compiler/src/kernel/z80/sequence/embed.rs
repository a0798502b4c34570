//! A token's vector: a row of the embedding, with that of its position.

use super::emit::Emitter;
use super::file::reads;
use super::known;
use super::layout::{Layout, planes, ternary_code, ternary_rows};
use super::rescale::Kind;
use crate::CompileError;
use crate::kernel::sequence::Home;
use crate::model::{Matrix, Output, Positions};
use serde::Serialize;
use std::collections::BTreeSet;

/// A matrix of which rows are taken.
struct Source<'m> {
    /// The label of its weights.
    name: &'static str,
    mantissas: &'static str,
    matrix: &'m Matrix,
    layout: Layout,
    /// Bytes of a row.
    stride: usize,
    /// What counts rows.
    number: &'static str,
    kind: Kind,
}

#[derive(Serialize)]
struct Row {
    name: String,
    ternary: bool,
    cols: usize,
    bits: usize,
    sign: usize,
    looks: usize,
    /// Inputs of a look.
    digits: usize,
    groups: Vec<Group>,
    /// Every other plane has the last group first.
    winding: bool,
}

#[derive(Serialize)]
struct Group {
    /// Its first element.
    from: usize,
    size: usize,
    mask: usize,
}

#[derive(Serialize)]
struct Code {
    dim: usize,
}

fn sources<'m>(e: &Emitter<'m>, output: &Matrix) -> Vec<Source<'m>> {
    let body = e.site.body;
    let tied = matches!(body.output, Output::Tied { .. });
    let matrix = &body.embedding;
    let layout = match tied {
        true => e.layout(output, ternary_rows(&[output])),
        false => e.layout(matrix, matrix.rows),
    };
    let looks = planes(matrix.grid) * layout.groups.len();
    let (name, stride) = if tied { ("w_out", looks + 1) } else { ("w_embedding", looks) };
    let (number, kind) = ("token", Kind::Store16);
    let mut sources =
        vec![Source { name, mantissas: "embedding_scale", matrix, layout, stride, number, kind }];
    if let Positions::Learnt(matrix) = &body.positions {
        let layout = e.layout(matrix, matrix.rows);
        let stride = planes(matrix.grid) * layout.groups.len();
        let (name, mantissas) = ("w_positions", "positions_scale");
        let (number, kind) = ("position", Kind::Add16);
        sources.push(Source { name, mantissas, matrix, layout, stride, number, kind });
    }
    sources
}

/// The stages of a token up to the first block.
///
/// # Errors
/// Rows that are too long for a file.
pub fn stages(e: &mut Emitter, output: &Matrix) -> Result<(), CompileError> {
    e.stage("embed");
    e.line("call window");
    let mut sinks = Vec::new();
    let all = sources(e, output);
    known::embedding(e.known.here(), &all.iter().map(|s| (s.name, s.matrix, &s.layout)).collect::<Vec<_>>());
    for source in all {
        let Source { name, mantissas, matrix, layout, stride, number, kind } = source;
        if name != "w_out" {
            let bits = planes(matrix.grid);
            let rows: Vec<_> = matrix.values.chunks(matrix.cols).map(|row| layout.row(row, bits)).collect();
            let home = match (e.rows_in_file(name, &rows)?, e.rows_in_banks(name, &rows)) {
                (true, _) => Home::File,
                (_, true) => Home::Bank,
                _ => Home::Image,
            };
            if home == Home::Image {
                e.data(name, rows.concat());
            }
            let what = if number == "position" { "positions" } else { "embedding" };
            e.step(what, matrix, (stride * matrix.rows, reads(stride)), home);
        }
        e.cold_data(mantissas, matrix.mantissas.iter().copied());
        let sink = e.rescales.sink(kind, matrix.shift, false, false);
        e.set("rows_out", "latent");
        e.set("rows_sink", &sink);
        sinks.push(sink);
        match e.home(name) {
            Home::File => {
                e.lines(&[&format!("ld hl,({number})"), &format!("call file_row_{name}")]);
                let token = e.site.seen.token().0;
                known::filed_row(e.known.here(), name, token, reads(stride));
            }
            Home::Bank => {
                e.lines(&[&format!("ld hl,({number})"), &format!("call bank_row_{name}")]);
                let row = e.site.seen.token().0;
                let rows = e.rows_of_a_bank(stride);
                known::banked_row(e.known.here(), name, row, rows);
            }
            Home::Image => {
                e.lines(&[&format!("ld hl,{name}"), &format!("ld de,{stride}")]);
                e.lines(&[&format!("ld bc,({number})"), "call index", "ex de,hl"]);
            }
        }
        e.line(format!("call row_{name}"));
        if e.has_pages() {
            e.line("call show_text");
        }
        e.lines(&[&format!("ld hl,{mantissas}"), &format!("ld de,({number})")]);
        e.lines(&["add hl,de", "ld c,(hl)", "call embed_scale"]);
    }
    let share = 1.0 / sinks.len() as f64;
    let sinks: Vec<_> = sinks.iter().map(|sink| (sink.as_str(), share)).collect();
    e.known.here().detour("embed_next>(hl)", &sinks, Some("embed_back"));
    e.lines(&["ld hl,(position)", "inc hl", "ld (position),hl"]);
    let positions = &e.site.body.positions;
    if let Positions::Rotary { steps } = positions {
        e.data("phase_steps", steps.iter().flat_map(|step| step.to_le_bytes()[..3].to_vec()));
        e.stage("rotate");
        e.line("call phases");
        e.known.here().rounds("phases_next", steps.len() as f64);
    }
    Ok(())
}

/// Matrices of which rows are taken, and the bytes of a row.
pub fn strides(e: &Emitter, output: &Matrix) -> Vec<(&'static str, usize)> {
    sources(e, output).iter().map(|source| (source.name, source.stride)).collect()
}

/// The routines that read rows, and what they look up.
pub fn code(e: &mut Emitter, output: &Matrix) -> Result<String, CompileError> {
    let mut code = e.call("embed.asm", "code", Code { dim: e.site.body.dim })?;
    let mut sizes = BTreeSet::new();
    for Source { name, matrix, layout, .. } in sources(e, output) {
        let bits = planes(matrix.grid);
        let row = Row {
            name: format!("row_{name}"),
            ternary: layout.ternary,
            cols: matrix.cols,
            bits,
            sign: 1 << (bits - 1),
            looks: layout.groups.len(),
            digits: layout.groups[0],
            groups: groups(&layout),
            winding: layout.is_winding() && bits > 1,
        };
        if layout.ternary {
            sizes.insert(layout.groups[0]);
        }
        code += &e.call("embed.asm", "row", row)?;
    }
    for size in sizes {
        e.page(&format!("digits_{size}"), digits(size));
    }
    Ok(code)
}

fn groups(layout: &Layout) -> Vec<Group> {
    let mut end = 0;
    let group = |&size: &usize| {
        end += size;
        Group { from: end - size, size, mask: (1 << size) - 1 }
    };
    layout.groups.iter().map(group).collect()
}

/// The digits of each entry of a page of ternary tables, two bits each and one more than they are.
fn digits(size: usize) -> Vec<u8> {
    let offsets: &[usize] =
        if size == 4 { &[174, 92, 10] } else { &[228, 200, 172, 144, 116, 88, 60, 32, 4] };
    let entries = 3usize.pow(size as u32);
    let of = |byte: usize| {
        let at = offsets.iter().find(|&&o| (o + 1..o + 1 + entries).contains(&byte));
        let k = at.map_or(0, |o| entries - (byte - o));
        ternary_code(k, size).iter().rev().fold(0u8, |digits, &t| digits << 2 | (t + 1) as u8)
    };
    (0..256).map(of).collect()
}
