//! Cycles of the loops that products spend their time in, counted from their templates. They are straight code, so a row takes
//! the same whatever it holds; the chip and its `lpm` change nothing.

use super::context::{Attend, Multiply, Tables, Walk};
use super::form::{Digits, Form};
use crate::asm::{AvrCore, Isa};
use crate::kernel::cycles::Code;
use crate::kernel::memo::Memo;
use serde::Serialize;

/// The name of the routine that is counted.
const NAME: &str = "r";
/// What the templates name beside their own labels.
const OTHERS: [&str; 11] = [
    "acc",
    "tables",
    "scores",
    "net_rows",
    "net_sum",
    "net_blocks",
    "net_inputs",
    "net_query",
    "net_keys",
    "net_kept",
    DATA,
];
/// The data register of the bus, where a flash chip has the weights.
const DATA: &str = "SPDR";

/// What was counted: a choice of forms asks for each loop some thousand times.
static COUNTED: Memo<Loop, usize> = Memo::new();

#[derive(PartialEq, Eq, Hash)]
enum Loop {
    Multiply { form: Form, short: bool, is_filed: bool },
    Block { form: Form, is_filed: bool },
    Table(Digits),
    Walk { digits: Digits, groups: usize, adds: bool, is_filed: bool },
}

fn code(template: &str, part: &str, context: impl Serialize) -> Code {
    Code::of(Isa::Avr(AvrCore::Avr5), template, part, context, &OTHERS)
}

/// Cycles of a way of the routine; each stop is the end of a label's name.
fn way(code: &Code, stops: &[&str]) -> usize {
    let labels: Vec<String> = stops.iter().map(|stop| format!("{NAME}_{stop}")).collect();
    code.way(&labels.iter().map(String::as_str).collect::<Vec<_>>()) as usize
}

fn data(is_filed: bool) -> Option<String> {
    is_filed.then(|| DATA.to_string())
}

fn multiplied(form: Form, short: bool, is_filed: bool) -> Code {
    let (name, form, offset) = (NAME.into(), form.name(), form.offset());
    let context =
        Multiply { name, form, short, offset, lpm: "lpm", data: data(is_filed), wide: false, cycles: 0 };
    code("multiply.S", "routine", context)
}

/// A row of a block of 16 columns behind the first; `is_filed`: a flash chip has the weights.
pub fn multiply(form: Form, short: bool, is_filed: bool) -> usize {
    let count = || way(&multiplied(form, short, is_filed), &["more", "more"]);
    COUNTED.get(Loop::Multiply { form, short, is_filed }, count)
}

/// What a block of 16 columns takes beside its rows: its inputs are loaded.
pub fn block(form: Form, is_filed: bool) -> usize {
    COUNTED.get(Loop::Block { form, is_filed }, || {
        let code = multiplied(form, false, is_filed);
        way(&code, &["block", "more", "next_more", "block"]) - way(&code, &["more", "more"])
    })
}

/// A table of sums, and the way to the next one.
pub fn table(digits: Digits) -> usize {
    COUNTED.get(Loop::Table(digits), || {
        let code = code("digits.S", "tables", Tables::new(NAME.into(), digits, 0));
        match digits.per_page() {
            1 => way(&code, &["group", "group"]),
            _ => way(&code, &["group", "more", "group"]),
        }
    })
}

impl Digits {
    /// Cycles of filling so many tables; what calls the routine takes about 15.
    pub fn fills(self, groups: usize) -> usize {
        groups * table(self) + 15
    }
}

/// A row of so many sums that are looked up. `adds`: to what acc has.
pub fn walk(digits: Digits, groups: usize, adds: bool, is_filed: bool) -> usize {
    let page = digits.per_page();
    let counted = |groups| walked(digits, groups, adds, is_filed);
    // Behind the first two, sums are alike from page to page.
    let (pages, few) = match groups.checked_sub(2) {
        Some(more) => (more / page, 2 + more % page),
        None => (0, groups),
    };
    let each = if pages > 0 { counted(few + page) - counted(few) } else { 0 };
    counted(few) + pages * each
}

fn walked(digits: Digits, groups: usize, adds: bool, is_filed: bool) -> usize {
    COUNTED.get(Loop::Walk { digits, groups, adds, is_filed }, || {
        let (name, per_page, data) = (NAME.into(), digits.per_page(), data(is_filed));
        let context = Walk {
            name,
            groups,
            adds,
            gated: false,
            per_page,
            lpm: "lpm",
            data,
            wide: false,
            cycles: 0,
            look: 0,
        };
        way(&code("digits.S", "walk", context), &["row", "row"])
    })
}

/// A sum that is looked up.
pub fn look(digits: Digits, is_filed: bool) -> usize {
    let page = digits.per_page();
    // The last of a page has the way to the next one with it.
    (walk(digits, 2 + page, false, is_filed) - walk(digits, 2, false, is_filed)) / page
}

/// A position's score, whether or not it is the largest so far. `context`: of the attention, whose own cycles say nothing.
pub fn score(context: &Attend) -> usize {
    code("attend.S", "scores", context).way(&["net_score", "net_score_next", "net_score"]) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_long_as_their_products() {
        // lpm, mul, add, adc, adc; the sum from and to RAM, and the loop.
        assert_eq!(multiply(Form::Bytes8, false, false), 16 * (3 + 2 + 3) + 12 + 4);
        assert_eq!(
            multiply(Form::Bytes8, true, true),
            16 * 18,
            "the bus is never waited for, and never waits"
        );
        for form in [Form::Bytes, Form::Bytes8, Form::Nibbles, Form::Fives] {
            assert!(multiply(form, true, false) < multiply(form, false, false), "{form:?}");
            // A byte a weight is for flash of the processor's own, or for weights of 8 bits.
            assert!(
                form == Form::Bytes || multiply(form, false, false) < multiply(form, false, true),
                "{form:?}"
            );
        }
    }

    #[test]
    fn long_rows_are_counted_as_if_they_were_there() {
        for digits in [Form::Threes, Form::Fours, Form::Twos].map(|form| form.digits().expect("it looks up"))
        {
            for (adds, is_filed) in [(false, false), (true, false), (false, true), (true, true)] {
                for groups in [1, 2, 3, 7, 30, 31, 85] {
                    assert_eq!(
                        walk(digits, groups, adds, is_filed),
                        walked(digits, groups, adds, is_filed),
                        "{groups}"
                    );
                }
            }
            assert!(table(digits) > 6 * digits.entries());
        }
    }
}
