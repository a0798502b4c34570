//! Reading `query|reply` lines.
//!
//! A line is at most [`MAX_LINE`] bytes; what is longer is never held in memory. A bad line is a [`Fault`] and
//! is left out; only input that cannot be what it should (binary data, no pair at all) is an error.

use mlc_compiler::text;
use std::io::{self, BufRead};
use thiserror::Error;

/// Longest line that can be a pair, in bytes. Longer ones are faults.
pub const MAX_LINE: usize = 4096;
/// A line longer than this is no line of text: reading ends there.
const ABSURD_LINE: usize = 1 << 20;
/// Faults are all counted, but only so many are kept with their line.
pub const MAX_FAULTS_KEPT: usize = 1000;

/// One line of training data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Normalized as the machine does it: folded, no spaces at the ends. Never empty.
    pub query: Vec<u8>,
    /// As written, without spaces at the ends: printable ASCII, never empty.
    pub reply: Vec<u8>,
    /// Index into [`Pairs::sources`].
    pub source: usize,
    /// Counts from 1.
    pub line: usize,
}

impl Pair {
    /// About how many bytes of memory it takes while it is trained on: itself, its encoded query, and for each step
    /// an example, its place in the order, and a part of an encoded window. Measured on the published pairs.
    pub fn footprint(&self) -> usize {
        size_of::<Self>() + 11 * self.query.len() + 40 * (self.reply.len() + 1)
    }
}

/// How long queries and replies may be, in bytes. What is longer is cut at a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub query: usize,
    pub reply: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { query: 62, reply: 50 }
    }
}

/// Why a line was left out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FaultKind {
    #[error("no '|' between query and reply")]
    NoBar,
    #[error("nothing before the '|'")]
    EmptyQuery,
    #[error("nothing after the '|'")]
    EmptyReply,
    #[error("longer than {MAX_LINE} bytes")]
    TooLong,
    #[error("not UTF-8 text")]
    NotUtf8,
    #[error("control character {0:#04x}")]
    Control(u32),
    #[error("the reply has {0:?}, which the machine cannot print")]
    ReplyCharacter(char),
}

/// A line that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Index into [`Pairs::sources`].
    pub source: usize,
    /// Counts from 1.
    pub line: usize,
    pub kind: FaultKind,
}

/// Input that is no list of pairs.
#[derive(Debug, Error)]
pub enum PairsError {
    #[error("{name}: cannot be read after line {line}: {error}")]
    Read { name: String, line: usize, error: std::io::Error },
    #[error("{name}:{line}: has a NUL byte: this is no text file. Pairs are lines like \"hello|HI\"")]
    Binary { name: String, line: usize },
    #[error(
        "{name}:{line}: more than {ABSURD_LINE} bytes without a line end: this is no list of \"query|reply\" lines"
    )]
    AbsurdLine { name: String, line: usize },
    #[error("pairs cannot be put aside in a temporary file: {0}")]
    Sink(std::io::Error),
}

type QueryReply = (Vec<u8>, Vec<u8>);

/// Everything read so far, from one source or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs {
    pub pairs: Vec<Pair>,
    /// Names given to [`Pairs::read`], in order.
    pub sources: Vec<String>,
    pub lines: usize,
    pub comments: usize,
    pub blank: usize,
    /// All faults; `faults` holds the first [`MAX_FAULTS_KEPT`].
    pub fault_count: usize,
    pub faults: Vec<Fault>,
    /// Queries and replies that were cut to [`Limits`].
    pub cut_queries: usize,
    pub cut_replies: usize,
}

impl Pairs {
    /// Reads a whole source. `name` is what messages call it: a path, or `standard input`.
    ///
    /// # Errors
    /// [`PairsError`]; lines read before it stay.
    pub fn read(&mut self, input: &mut impl BufRead, name: &str, limits: &Limits) -> Result<(), PairsError> {
        let mut pairs = std::mem::take(&mut self.pairs);
        let result = self.read_to(input, name, limits, &mut |pair| {
            pairs.push(pair);
            Ok(())
        });
        self.pairs = pairs;
        result
    }

    /// As [`Pairs::read`], but the pairs go to `sink`; all other fields count them.
    ///
    /// # Errors
    /// [`PairsError`], also when the sink has one.
    pub fn read_to(
        &mut self,
        input: &mut impl BufRead,
        name: &str,
        limits: &Limits,
        sink: &mut dyn FnMut(Pair) -> io::Result<()>,
    ) -> Result<(), PairsError> {
        let source = self.sources.len();
        self.sources.push(name.to_string());
        let mut line = Vec::new();
        for number in 1.. {
            let length = match read_line(input, &mut line) {
                Ok(None) => break,
                Ok(Some(length)) => length,
                Err(error) => return Err(PairsError::Read { name: name.into(), line: number - 1, error }),
            };
            if length > ABSURD_LINE {
                return Err(PairsError::AbsurdLine { name: name.into(), line: number });
            }
            if line.contains(&0) {
                return Err(PairsError::Binary { name: name.into(), line: number });
            }
            if number == 1 && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            self.lines += 1;
            let parsed = if length > MAX_LINE { Err(FaultKind::TooLong) } else { self.line(&line, limits) };
            match parsed {
                Ok(Some((query, reply))) => {
                    sink(Pair { query, reply, source, line: number }).map_err(PairsError::Sink)?
                }
                Ok(None) => {}
                Err(kind) => {
                    self.fault_count += 1;
                    if self.faults.len() < MAX_FAULTS_KEPT {
                        self.faults.push(Fault { source, line: number, kind });
                    }
                }
            }
        }
        Ok(())
    }

    /// `None`: a comment or a blank line.
    fn line(&mut self, line: &[u8], limits: &Limits) -> Result<Option<QueryReply>, FaultKind> {
        let (query, reply) = match parse(line)? {
            Line::Blank => {
                self.blank += 1;
                return Ok(None);
            }
            Line::Comment => {
                self.comments += 1;
                return Ok(None);
            }
            Line::Pair { query, reply } => (query, reply),
        };
        let mut query = text::normalize(query.as_bytes());
        if let Some(c) = reply.chars().find(|c| !(' '..='~').contains(c)) {
            return Err(FaultKind::ReplyCharacter(c));
        }
        self.cut_queries += usize::from(cut_at_word(&mut query, limits.query));
        let mut reply = reply.into_bytes();
        self.cut_replies += usize::from(cut_at_word(&mut reply, limits.reply));
        Ok(Some((query, reply)))
    }

    /// Where a pair or fault stands: `name:line`.
    pub fn place(&self, source: usize, line: usize) -> String {
        format!("{}:{line}", self.sources.get(source).map_or("?", |s| s))
    }
}

/// What a line is.
pub(crate) enum Line {
    Blank,
    Comment,
    /// As written, without spaces at the ends; neither is empty, and neither has control characters.
    Pair {
        query: String,
        reply: String,
    },
}

/// Reads a line.
pub(crate) fn parse(line: &[u8]) -> Result<Line, FaultKind> {
    let line = std::str::from_utf8(line).map_err(|_| FaultKind::NotUtf8)?.trim();
    if line.is_empty() {
        return Ok(Line::Blank);
    }
    if line.starts_with('#') {
        return Ok(Line::Comment);
    }
    let line = line.replace('\t', " ");
    if let Some(c) = line.chars().find(|c| c.is_control()) {
        return Err(FaultKind::Control(c.into()));
    }
    let (query, reply) = line.split_once('|').ok_or(FaultKind::NoBar)?;
    match (query.trim(), reply.trim()) {
        ("", _) => Err(FaultKind::EmptyQuery),
        (_, "") => Err(FaultKind::EmptyReply),
        (query, reply) => Ok(Line::Pair { query: query.into(), reply: reply.into() }),
    }
}

/// Shortens to at most `most` bytes, at the last space if there is one. True where something was cut.
fn cut_at_word(text: &mut Vec<u8>, most: usize) -> bool {
    if text.len() <= most {
        return false;
    }
    // A space just behind the limit also ends a word.
    let end = text[..=most].iter().rposition(|&b| b == b' ').filter(|&end| end > 0).unwrap_or(most);
    text.truncate(end);
    while text.last() == Some(&b' ') {
        text.pop();
    }
    true
}

/// Reads a line without its line end and returns its length; `line` keeps at most [`MAX_LINE`]` + 1` bytes of it.
/// `None` at the end. Stops soon after [`ABSURD_LINE`] bytes without a line end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Option<usize>> {
    line.clear();
    let mut length = 0;
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok((length > 0).then_some(length));
        }
        let end = buffer.iter().position(|&b| b == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        length += part.len();
        line.extend_from_slice(&part[..part.len().min((MAX_LINE + 1).saturating_sub(line.len()))]);
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() || length > ABSURD_LINE {
            // An empty line has length 0 but is a line.
            return Ok(Some(length));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Pairs, PairsError> {
        let mut pairs = Pairs::default();
        pairs.read(&mut &text[..], "test.txt", &Limits::default()).map(|()| pairs)
    }

    fn query_reply(pairs: &Pairs) -> Vec<(&str, &str)> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        pairs.pairs.iter().map(|p| (text(&p.query), text(&p.reply))).collect()
    }

    #[test]
    fn queries_are_folded_and_replies_are_not() {
        let pairs =
            read(b"\xef\xbb\xbf  Hello THERE | Hi! \r\n# note\n\n  # note\na|b|c\nlast\t one|X").unwrap();
        assert_eq!(query_reply(&pairs), [("hello there", "Hi!"), ("a", "b|c"), ("last  one", "X")]);
        assert_eq!((pairs.lines, pairs.comments, pairs.blank, pairs.fault_count), (6, 2, 1, 0));
        assert_eq!(pairs.pairs[2].line, 6);
    }

    #[test]
    fn faults_have_their_line() {
        let text = b"no bar\n|reply\nquery|\nok|OK\nbad\xff|OK\nbell\x07|OK\nq|caf\xc3\xa9\ncaf\xc3\xa9|OK\n";
        let pairs = read(text).unwrap();
        let found: Vec<_> = pairs.faults.iter().map(|f| (f.line, f.kind.to_string())).collect();
        let wants = [
            (1, "no '|' between query and reply"),
            (2, "nothing before the '|'"),
            (3, "nothing after the '|'"),
            (5, "not UTF-8 text"),
            (6, "control character 0x07"),
            (7, "the reply has 'é', which the machine cannot print"),
        ];
        assert_eq!(found, wants.map(|(line, text)| (line, text.to_string())));
        assert_eq!(query_reply(&pairs), [("ok", "OK"), ("café", "OK")]);
        assert_eq!(pairs.place(0, 7), "test.txt:7");
    }

    #[test]
    fn faults_beyond_the_limit_are_counted_only() {
        let pairs = read("x\n".repeat(MAX_FAULTS_KEPT + 5).as_bytes()).unwrap();
        assert_eq!((pairs.fault_count, pairs.faults.len()), (MAX_FAULTS_KEPT + 5, MAX_FAULTS_KEPT));
    }

    #[test]
    fn long_lines_are_cut_at_a_word() {
        let words = "seven c ".repeat(10);
        let pairs =
            read(format!("{words}|{words}\n{}|{}\n", "x".repeat(70), "y".repeat(50)).as_bytes()).unwrap();
        assert_eq!((pairs.cut_queries, pairs.cut_replies), (2, 1));
        let lengths: Vec<_> = pairs.pairs.iter().map(|p| (p.query.len(), p.reply.len())).collect();
        assert_eq!(lengths, [(61, 47), (62, 50)]);
        let mut exact = b"one two".to_vec();
        assert!(cut_at_word(&mut exact, 3));
        assert_eq!(exact, b"one");
    }

    #[test]
    fn long_lines_are_not_held() {
        let mut text = vec![b'x'; MAX_LINE + 1];
        text.extend_from_slice(b"\na|B\n");
        let pairs = read(&text).unwrap();
        assert_eq!((pairs.faults[0].kind.clone(), pairs.faults[0].line), (FaultKind::TooLong, 1));
        assert_eq!(query_reply(&pairs), [("a", "B")]);

        let mut endless = std::io::BufReader::new(std::io::Read::take(std::io::repeat(b'x'), 100 << 20));
        let error = Pairs::default().read(&mut endless, "big", &Limits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "big:1: more than 1048576 bytes without a line end: this is no list of \"query|reply\" lines"
        );
    }

    #[test]
    fn binary_data_is_an_error() {
        let error = read(b"a|B\nPK\x03\x04\x00\x00").unwrap_err();
        assert_eq!(
            error.to_string(),
            "test.txt:2: has a NUL byte: this is no text file. Pairs are lines like \"hello|HI\""
        );
        assert_eq!(read(b"").unwrap().lines, 0);
    }

    #[test]
    fn a_read_error_names_the_place() {
        struct Broken(bool);
        impl std::io::Read for Broken {
            fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(std::io::Error::other("disk on fire"));
                }
                out[..4].copy_from_slice(b"a|b\n");
                Ok(4)
            }
        }
        let mut input = std::io::BufReader::new(Broken(false));
        let error = Pairs::default().read(&mut input, "f", &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "f: cannot be read after line 1: disk on fire");
    }
}
