//! Why a program did not end as it should, as an error.

use super::machine::End;
use crate::error::CliError;
use crate::table::grouped;
use crate::targets;
use mlc_compiler::Target;

/// A program that did not end as it should.
pub struct Stopped<'a> {
    pub program: &'a str,
    pub machine: &'a str,
    /// Made by mlc: what is wrong with it is mlc's fault.
    pub compiled: bool,
}

impl Stopped<'_> {
    /// `limited`: the limit is no proof that mlc has made something wrong.
    pub fn error(&self, end: End, target: &Target, limited: bool) -> CliError {
        let Self { program, machine, compiled } = *self;
        let (program, machine) = (program.to_string(), machine.to_string());
        let fault = match end {
            End::Limit { at, cycles } if limited => {
                let unit = targets::cycles(target);
                return CliError::Endless { program, machine, at, cycles, unit };
            }
            End::Limit { at, cycles } => {
                format!("at {at}: still running after {} {}", grouped(cycles), targets::cycles(target))
            }
            End::Fault(fault) => fault,
            End::Exit | End::NoInput => "it ends where it must not".into(),
        };
        CliError::Fault { program, machine, fault, compiled }
    }
}
