//! What can be wrong with a source text, and how it is shown.

use std::fmt;
use std::ops::Range;

use super::avr::AvrError;
use super::dialect::Dialect;

/// A place in the source: byte offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A problem and its place; the text that shows it is added later.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub kind: ErrorKind,
    pub span: Span,
}

/// All problems of a text.
pub(super) struct Failure {
    pub problems: Vec<Problem>,
    /// See [`AsmError::end`].
    pub end: Option<u32>,
}

pub(super) type Res<T> = Result<T, Box<Problem>>;

pub(super) fn fail<T>(kind: ErrorKind, span: Span) -> Res<T> {
    Err(Box::new(Problem { kind, span }))
}

/// What is wrong. `Display` is the message; [`Diagnostic::help`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    #[error("unexpected character `{}`", .0.escape_debug())]
    StrayCharacter(char),
    #[error("`{0}` is not a number")]
    BadNumber(String),
    #[error("`{0}` does not fit in 16 bits")]
    NumberTooLarge(String),
    #[error("the string is not closed")]
    OpenString,
    #[error("unknown escape `\\{}` in a string", .0.escape_debug())]
    BadEscape(char),
    #[error("a string of {0} bytes used as a number")]
    NotOneCharacter(usize),
    #[error("expected {expected}, found {found}")]
    Expected { expected: &'static str, found: String },
    #[error("`{0}` cannot follow another operator")]
    OperatorAfterOperator(String),
    #[error("a minus sign before an operator is ambiguous")]
    MinusBeforeOperator,
    #[error("the expression is nested too deeply")]
    NestedTooDeeply,
    #[error("an operand that starts with a parenthesis is a memory access")]
    ParenthesisGoesOn,
    #[error("unknown instruction `{name}`")]
    UnknownInstruction { name: String, suggestion: Option<&'static str>, looks_like_label: bool },
    #[error("the directive `{0}` is not supported")]
    UnsupportedDirective(String),
    #[error("`{0}` is a reserved name")]
    Reserved(String),
    #[error("`{0}` cannot have a label on its line")]
    LabelNotAllowed(&'static str),
    #[error("`equ` needs a name before it")]
    EquWithoutName,
    #[error("the local label `{0}` stands before any global label")]
    LocalWithoutGlobal(String),
    #[error("`{name}` is already defined on line {line}")]
    Duplicate { name: String, line: u32 },
    #[error("undefined symbol `{name}`")]
    Undefined { name: String, suggestion: Option<String> },
    #[error("`{name}` must be known here, but is defined below, on line {line}")]
    DefinedBelow { name: String, line: u32 },
    #[error("`{name}` is used before its `equ` on line {line}, which needs symbols from further below")]
    ForwardEqu { name: String, line: u32 },
    #[error("`{0}` is defined by itself")]
    Cyclic(String),
    #[error("division by zero")]
    DivisionByZero,
    #[error("a shift by {0} bits")]
    ShiftTooFar(i64),
    #[error("`{mnemonic}` needs operands")]
    NoOperands { mnemonic: &'static str, formats: String },
    #[error("`{mnemonic}` does not take these operands")]
    BadOperands { mnemonic: &'static str, formats: String },
    #[error("`{0}` cannot mix hl, ix and iy, nor their halves")]
    MixedIndex(&'static str),
    #[error("{} does not fit in 8 bits", Signed(*.0))]
    NotAByte(u16),
    #[error("the displacement {0} is out of range")]
    Displacement(i32),
    #[error("the target is {distance} bytes away, `{mnemonic}` reaches -128..127")]
    TooFar { mnemonic: &'static str, distance: i32 },
    #[error("{} is not a bit number", Signed(*.0))]
    BitNumber(u16),
    #[error("{} is not an interrupt mode", Signed(*.0))]
    InterruptMode(u16),
    #[error("{} is not a restart address", Signed(*.0))]
    Restart(u16),
    #[error("`org` goes back from {from:04X}h to {to:04X}h, over bytes already emitted")]
    OriginBackwards { from: u32, to: u16 },
    #[error("the address {0} is over 65535")]
    PastEnd(u32),
    #[error("`align 0` has no meaning")]
    AlignZero,
    /// An error that only a text for the AVR can have.
    #[error(transparent)]
    Avr(AvrError),
}

/// A 16-bit value as its writer may have meant it: 65336 (-200).
struct Signed(u16);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        if self.0 >= 0x8000 { write!(f, " ({})", self.0.cast_signed()) } else { Ok(()) }
    }
}

impl ErrorKind {
    /// Whether it says that memory ends before the text.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::PastEnd(_) | Self::Avr(AvrError::MemoryFull { .. }))
    }

    /// What to do about it, in the notation of the text.
    fn help(&self, dialect: Dialect) -> Option<String> {
        match dialect {
            Dialect::Pasmo => self.help_pasmo(),
            Dialect::Gnu => self.help_gnu(),
        }
    }

    fn help_gnu(&self) -> Option<String> {
        use ErrorKind as E;
        let text = match self {
            E::Avr(error) => return error.help(),
            E::StrayCharacter('#') => "a comment starts with `;`",
            E::StrayCharacter('$' | '\\') => "every statement has a line of its own",
            E::BadNumber(_) => "numbers are written `31`, `0x1F` or `0b11111`",
            E::BadEscape(_) => {
                "the escapes are `\\b`, `\\f`, `\\n`, `\\r`, `\\t`, `\\\\`, `\\\"`, `\\'` and octal `\\101`"
            }
            E::NestedTooDeeply => "give a part of it a name with `.equ`",
            E::UnsupportedDirective(name) => match &**name {
                ".bss" => "write `.section .bss`: GNU as for the AVR has no `.bss`",
                ".align" | ".p2align" => "use `.balign`, which counts in bytes",
                ".comm" | ".lcomm" => "write a label and `.skip` in `.section .bss`",
                _ => {
                    "the directives are `.text .data .section .global .equ .set .byte .word .long .ascii .asciz .org \
                     .balign .skip .space .zero .end`"
                }
            },
            E::Reserved(_) => "registers and the names of operators cannot name or be a value",
            E::LabelNotAllowed(_) => "put the label on a line of its own",
            E::DefinedBelow { .. } | E::ForwardEqu { .. } => "move the definition above this line",
            E::Cyclic(_) => "one of the `.equ` lines must have a value that does not lead back to itself",
            E::OpenString
            | E::UnknownInstruction { .. }
            | E::Undefined { .. }
            | E::ShiftTooFar(_)
            | E::NoOperands { .. }
            | E::BadOperands { .. } => return self.help_pasmo(),
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn help_pasmo(&self) -> Option<String> {
        use ErrorKind as E;
        let text = match self {
            E::StrayCharacter('&' | '|' | '^' | '~' | '!') => {
                "operators are words: `and`, `or`, `xor`, `not`"
            }
            E::StrayCharacter('%') => "a binary number is `%1010`; the remainder is `mod`",
            E::StrayCharacter('#') => "a hexadecimal number is `1Fh`, `0x1F` or `$1F`",
            E::StrayCharacter('[' | ']') => "a memory access is written with parentheses",
            E::BadNumber(_) => "numbers are written `31`, `1Fh`, `0x1F`, `$1F`, `11111b` or `%11111`",
            E::NumberTooLarge(_) => "the largest number is 65535",
            E::OpenString => "a string ends on its line with the quote that it starts with",
            E::BadEscape(_) => {
                "the escapes are `\\n`, `\\r`, `\\t`, `\\a`, `\\\\`, `\\\"`, `\\x41` and octal `\\101`; \
                 between single quotes there are none"
            }
            E::NotOneCharacter(_) => "only a string of one byte has a value; longer ones stand alone in `db`",
            E::OperatorAfterOperator(op) => {
                return Some(format!("put it and its operand in parentheses: `({op} …)`"));
            }
            E::MinusBeforeOperator => {
                "pasmo reads `-a+b` as `-(a+b)`: write `(-a)+b`, `0-a+b` or `-(a+b)`; the same after `ix-`"
            }
            E::NestedTooDeeply => "give a part of it a name with `equ`",
            E::ParenthesisGoesOn => "to start a number with a parenthesis, write `0+(…)`",
            E::UnknownInstruction { name, looks_like_label: true, .. } => {
                return Some(format!("a label ends with a colon: `{name}:`"));
            }
            E::UnknownInstruction { suggestion, .. } => {
                return suggestion.map(|s| format!("did you mean `{s}`?"));
            }
            E::UnsupportedDirective(_) => "the directives are `org equ db dw ds align end`",
            E::Reserved(_) => {
                "registers, flags, instructions, directives and operators cannot name or be a value"
            }
            E::LabelNotAllowed(_) => "put the label on a line of its own, before or after it",
            E::EquWithoutName => "write `name equ value`",
            E::LocalWithoutGlobal(_) => "a name that starts with a dot belongs to the label above it",
            E::Undefined { suggestion, .. } => {
                return suggestion.as_ref().map(|s| format!("did you mean `{s}`?"));
            }
            E::DefinedBelow { .. } => "move the definition above this line",
            E::ForwardEqu { .. } => "move the `equ` above this line: pasmo would use a wrong value",
            E::Cyclic(_) => "one of the `equ` lines must have a value that does not lead back to itself",
            E::ShiftTooFar(_) => "shift by 0..31",
            E::NoOperands { formats, .. } | E::BadOperands { formats, .. } => {
                return Some(format!("it takes {formats}"));
            }
            E::MixedIndex(_) => "one prefix holds for the whole instruction: go through another register",
            E::NotAByte(_) => "a byte is -128..255; `low` and `high` take a byte out of a word",
            E::Displacement(_) => "write `(ix+0)`..`(ix+127)` or `(ix-1)`..`(ix-128)`",
            E::TooFar { mnemonic: "djnz", .. } => "use `dec b` and `jp nz`",
            E::TooFar { .. } => "use `jp`",
            E::BitNumber(_) => "bits are numbered 0..7",
            E::InterruptMode(_) => "the modes are 0, 1 and 2",
            E::Restart(_) => "the addresses are 0, 8, 10h, 18h, 20h, 28h, 30h and 38h",
            E::OriginBackwards { .. } => "emit the parts in the order of their addresses",
            E::PastEnd(_) => "memory ends at FFFFh",
            E::AlignZero => "`align 256` continues at the next multiple of 256",
            E::Avr(error) => return error.help(),
            E::StrayCharacter(_) | E::Expected { .. } | E::Duplicate { .. } | E::DivisionByZero => {
                return None;
            }
        };
        Some(text.to_owned())
    }
}

/// One problem with its place. `Display` shows the source line with a caret under the span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub kind: ErrorKind,
    /// The file name given to the assembler.
    pub file: String,
    /// Line number, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offsets in the source text.
    pub span: Range<usize>,
    /// The text of the line, without its end.
    pub source_line: String,
    dialect: Dialect,
}

impl Diagnostic {
    fn new(source: &str, file: &str, problem: &Problem, dialect: Dialect) -> Diagnostic {
        let span = problem.span.start..problem.span.end;
        let before = &source[..span.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[line_start..].find('\n').map_or(source.len(), |at| line_start + at);
        Diagnostic {
            kind: problem.kind.clone(),
            file: file.to_owned(),
            line: 1 + count(before.matches('\n')),
            column: 1 + count(source[line_start..span.start].chars()),
            span,
            source_line: source[line_start..line_end].trim_end_matches('\r').to_owned(),
            dialect,
        }
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        self.kind.help(self.dialect)
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    items.count().try_into().unwrap_or(u32::MAX - 1)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs stay tabs, so that the caret stands right whatever their width.
        let before = self.column as usize - 1;
        let indent: String =
            self.source_line.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let rest: String = self.source_line.chars().skip(before).collect();
        let marked = self.span.len().min(rest.len());
        let width = rest.char_indices().take_while(|(at, _)| *at < marked).count().max(1);
        writeln!(f, "error: {}", self.kind)?;
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.source_line)?;
        write!(f, "{margin} | {indent}{}", "^".repeat(width))?;
        if let Some(help) = self.help() {
            write!(f, "\n{margin} = help: {help}")?;
        }
        Ok(())
    }
}

/// Why a text does not assemble: its problems in source order, at least one and at most twenty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
pub struct AsmError {
    pub diagnostics: Vec<Diagnostic>,
    /// Z80: the first address behind the text, where every line has its place and only values are wrong.
    pub end: Option<u32>,
}

impl AsmError {
    pub(super) fn new(source: &str, file: &str, failure: &Failure, dialect: Dialect) -> AsmError {
        let diagnostics =
            failure.problems.iter().map(|p| Diagnostic::new(source, file, p, dialect)).collect();
        AsmError { diagnostics, end: failure.end }
    }

    /// Whether `rcall` or `rjmp` lead further than they reach.
    pub fn is_out_of_reach(&self) -> bool {
        let far = |kind: &ErrorKind| {
            matches!(kind, ErrorKind::Avr(AvrError::TooFar { mnemonic: "rcall" | "rjmp", .. }))
        };
        self.diagnostics.iter().any(|d| far(&d.kind))
    }

    /// Whether the text is right but for its size: memory is full.
    pub fn is_full(&self) -> bool {
        self.diagnostics.iter().all(|d| d.kind.is_full())
    }
}
