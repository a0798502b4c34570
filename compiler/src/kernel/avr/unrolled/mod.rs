//! Columns as straight-line code.

use super::column::{ColumnCost, ColumnKernel, Kind, Size, label};
use super::core::has_jumps;
use crate::asm::{AvrCore, Isa};
use crate::kernel::cycles::Code;
use crate::stage::Product;
use crate::weights::Column;

pub struct Unrolled;

impl ColumnKernel for Unrolled {
    fn template(&self) -> Option<&'static str> {
        None
    }

    fn kinds(&self, _: &Product) -> Vec<Kind> {
        vec![]
    }

    fn routine(&self, _: Kind) -> &'static str {
        ""
    }

    fn cost(&self, isa: Isa, product: &Product, _: Option<Kind>) -> ColumnCost {
        let [single, double, ret] = parts(isa, product).map(|code| code.straight());
        let entry = [format!("{} s_c0", jump(has_jumps(isa)))];
        let entry = Code::of_lines(isa, &entry, &["s_c0"]).straight();
        Box::new(move |column, _| {
            let (singles, doubles) = column.singles_and_doubles();
            entry + singles as f64 * single + doubles as f64 * double + ret
        })
    }

    fn entry(&self) -> usize {
        4
    }

    fn bytes(&self, _: &Column, _: usize, _: usize) -> Vec<u8> {
        vec![]
    }

    fn size(&self, product: &Product) -> Size<'_> {
        // All cores have its instructions, in as many bytes.
        let [single, double, ret] = parts(Isa::Avr(AvrCore::Avr5), product).map(|code| code.bytes());
        Box::new(move |column, _| {
            let (singles, doubles) = column.singles_and_doubles();
            singles * single + doubles * double + ret
        })
    }
}

/// What the table of columns has for each: a jump to it, which may be `far`.
pub fn jump(far: bool) -> &'static str {
    if far { "jmp" } else { "rjmp" }
}

/// The code of a weight of ±1 and of -2, and what ends a column.
fn parts(isa: Isa, product: &Product) -> [Code; 3] {
    let weight = |minus: &[u16]| {
        let column = Column { plus: vec![], minus: minus.to_vec() };
        let lines = code("s", 0, &column, product.counts().is_some());
        Code::of_lines(isa, &lines, &["s_acc", "s_high"])
    };
    [weight(&[0]), weight(&[0, 0]), Code::of_lines(isa, &["ret".to_string()], &[])]
}

/// Straight-line code for a column of tile `t`: r24 and r25 are the activation.
pub fn code(stage: &str, t: usize, column: &Column, counts: bool) -> Vec<String> {
    let mut code = Vec::new();
    let mut one = |o: u16, ops: [&str; 3], times: usize| {
        let (low, high) =
            (format!("{}+{o}", label(stage, "acc", t)), format!("{}+{o}", label(stage, "high", t)));
        code.push(format!("lds r0, {low}"));
        if counts {
            code.extend(vec![format!("{} r0", ops[2]); times]);
            code.push(format!("sts {low}, r0"));
            return;
        }
        if times == 2 {
            code.push(format!("lds r18, {high}"));
            for _ in 0..2 {
                code.push(format!("{} r0, r24", ops[0]));
                code.push(format!("{} r18, r25", ops[1]));
            }
            code.push(format!("sts {low}, r0"));
            code.push(format!("sts {high}, r18"));
            return;
        }
        code.push(format!("{} r0, r24", ops[0]));
        code.push(format!("sts {low}, r0"));
        code.push(format!("lds r0, {high}"));
        code.push(format!("{} r0, r25", ops[1]));
        code.push(format!("sts {high}, r0"));
    };
    column.plus.iter().for_each(|&o| one(o, ["add", "adc", "inc"], 1));
    column.minus.chunk_by(|a, b| a == b).for_each(|same| one(same[0], ["sub", "sbc", "dec"], same.len()));
    code
}
