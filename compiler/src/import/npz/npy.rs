//! One array of an `.npz`: a `.npy` stream (numpy.lib.format, versions 1.0 to 3.0).
//!
//! The header is a Python dict literal of three keys. It is read by hand because the crate for it (npyz
//! 0.9) multiplies a shape's dimensions unchecked: a crafted header panics a build with overflow checks.

use crate::model::MAX_WIDTH;
use std::io::{self, Read};

pub const MAGIC: &[u8] = b"\x93NUMPY";

/// Longest header taken, in bytes. NumPy writes 118 for the arrays of this format.
const MAX_HEADER: usize = 4096;
/// Longest string taken, in bytes.
const MAX_STRING: usize = 65536;
/// Most bytes of numbers: 8 each.
const MAX_NUMBERS: usize = 8 * MAX_WIDTH * MAX_WIDTH;

/// The kinds of values of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Signed,
    Unsigned,
    Float,
    /// `S`: bytes.
    Bytes,
    /// `U`: code points of 4 bytes.
    Unicode,
    Other,
}

/// What a `.npy` header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The dtype as written, `<i2`.
    pub descr: String,
    pub kind: Kind,
    /// Bytes a value.
    pub size: usize,
    pub big_endian: bool,
    /// The first index runs fastest.
    pub fortran: bool,
    pub shape: Vec<u64>,
}

/// An array in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    pub header: Header,
    /// `size` bytes a value, as stored.
    pub data: Vec<u8>,
}

/// Why a stream is no array of use here.
#[derive(Debug)]
pub enum NpyError {
    /// The stream broke: checksum, compressed data.
    Read(io::Error),
    Damaged(String),
    TooLarge,
}

impl From<io::Error> for NpyError {
    fn from(e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("it ends early".to_string()),
            _ => Self::Read(e),
        }
    }
}

impl Header {
    /// Reads up to the first byte of data.
    ///
    /// # Errors
    /// [`NpyError`], before more than [`MAX_HEADER`] bytes were taken.
    pub fn read(stream: &mut impl Read) -> Result<Self, NpyError> {
        let mut start = [0; 8];
        stream.read_exact(&mut start)?;
        if !start.starts_with(MAGIC) {
            return Err(NpyError::Damaged("it does not start as a .npy".to_string()));
        }
        let length = match start[6] {
            1 => {
                let mut length = [0; 2];
                stream.read_exact(&mut length)?;
                usize::from(u16::from_le_bytes(length))
            }
            2 | 3 => {
                let mut length = [0; 4];
                stream.read_exact(&mut length)?;
                u32::from_le_bytes(length) as usize
            }
            version => return Err(NpyError::Damaged(format!(".npy version {version} is unknown"))),
        };
        if length > MAX_HEADER {
            return Err(NpyError::Damaged(format!("its header has {length} bytes")));
        }
        let mut text = vec![0; length];
        stream.read_exact(&mut text)?;
        let bad = || NpyError::Damaged("its header is no dict of descr, fortran_order and shape".to_string());
        // Before version 3 the header is Latin-1, but all that can be of use is ASCII.
        let text = String::from_utf8_lossy(&text);
        dict(&text).ok_or_else(bad)
    }

    /// Values in the array; `None` beyond two dimensions of [`MAX_WIDTH`].
    pub fn count(&self) -> Option<usize> {
        if self.shape.len() > 2 || self.shape.iter().any(|&n| n > MAX_WIDTH as u64) {
            return None;
        }
        // At most two factors up to 1,024 each.
        Some(self.shape.iter().map(|&n| n as usize).product())
    }

    /// The shape as Python shows it.
    pub fn shape_text(&self) -> String {
        let parts: Vec<String> = self.shape.iter().map(u64::to_string).collect();
        if parts.len() == 1 { format!("({},)", parts[0]) } else { format!("({})", parts.join(", ")) }
    }
}

impl Array {
    /// Reads the data that `header` announces: not a byte is reserved before sizes are checked.
    ///
    /// # Errors
    /// [`NpyError`].
    pub fn read(header: Header, stream: &mut impl Read) -> Result<Self, NpyError> {
        let count = header.count().ok_or(NpyError::TooLarge)?;
        let bytes = count.saturating_mul(header.size);
        let text = matches!(header.kind, Kind::Bytes | Kind::Unicode);
        if bytes > if text { MAX_STRING } else { MAX_NUMBERS } {
            return Err(NpyError::Damaged(format!("its header announces {bytes} bytes")));
        }
        let mut data = vec![0; bytes];
        stream.read_exact(&mut data)?;
        // Also makes the archive compare its checksum, which it does at the end.
        if stream.read(&mut [0])? != 0 {
            return Err(NpyError::Damaged("it has more data than its shape".to_string()));
        }
        Ok(Self { header, data })
    }

    /// The integer at the index `i` of the data. The array must be of integers of 1 to 8 bytes.
    pub fn integer(&self, i: usize) -> i128 {
        let h = &self.header;
        let value = &self.data[i * h.size..(i + 1) * h.size];
        let byte = |all: i128, &b: &u8| all << 8 | i128::from(b);
        let raw = if h.big_endian { value.iter().fold(0, byte) } else { value.iter().rev().fold(0, byte) };
        let bits = 8 * h.size;
        if h.kind == Kind::Signed && raw >> (bits - 1) != 0 { raw - (1 << bits) } else { raw }
    }

    /// The string of a 0-d array with all of its NULs; `None` if it is no valid text.
    pub fn text(&self) -> Option<String> {
        if self.header.kind == Kind::Bytes {
            return String::from_utf8(self.data.clone()).ok();
        }
        let point = |b: &[u8]| {
            let b = b.try_into().ok()?;
            let point = if self.header.big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) };
            char::from_u32(point)
        };
        self.data.chunks(4).map(point).collect()
    }
}

/// `{'descr': '<i2', 'fortran_order': False, 'shape': (256,), }` and padding.
fn dict(text: &str) -> Option<Header> {
    let mut p = Literal(text);
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    p.token("{")?;
    while p.token("}").is_none() {
        let key = p.string()?;
        p.token(":")?;
        match key {
            "descr" => descr = Some(p.string().or_else(|| p.nested())?),
            "fortran_order" => {
                fortran =
                    Some(if p.token("True").is_some() { true } else { p.token("False").map(|()| false)? });
            }
            "shape" => shape = Some(p.tuple()?),
            _ => return None,
        }
        if p.token(",").is_none() {
            p.token("}")?;
            break;
        }
    }
    if !p.0.trim().is_empty() {
        return None;
    }
    let descr = descr?;
    let (kind, size, big_endian) = dtype(descr).unwrap_or((Kind::Other, 0, false));
    Some(Header { descr: descr.to_string(), kind, size, big_endian, fortran: fortran?, shape: shape? })
}

/// Kind, bytes a value, and whether they are big endian.
fn dtype(descr: &str) -> Option<(Kind, usize, bool)> {
    let mut chars = descr.chars();
    let big_endian = match chars.next()? {
        '<' | '|' | '=' => false,
        '>' => true,
        _ => return None,
    };
    let kind = match chars.next()? {
        'i' => Kind::Signed,
        'u' => Kind::Unsigned,
        'f' => Kind::Float,
        'S' | 'a' => Kind::Bytes,
        'U' => Kind::Unicode,
        _ => return None,
    };
    let size: usize = chars.as_str().parse().ok()?;
    let size = if kind == Kind::Unicode { size.checked_mul(4)? } else { size };
    let known = !matches!(kind, Kind::Signed | Kind::Unsigned) || [1, 2, 4, 8].contains(&size);
    known.then_some((kind, size, big_endian))
}

/// What is left of a Python literal.
struct Literal<'a>(&'a str);

impl<'a> Literal<'a> {
    fn token(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?;
        Some(())
    }

    /// A string without escapes: NumPy's keys and dtypes have none.
    fn string(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|&c| c == '\'' || c == '"')?;
        let (string, rest) = text[1..].split_once(quote)?;
        self.0 = rest;
        Some(string)
    }

    /// A list up to its `]`, as text: the dtype of a structured array, which is only shown.
    fn nested(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let end = text.starts_with('[').then(|| text.rfind(']'))?? + 1;
        self.0 = &text[end..];
        Some(&text[..end])
    }

    fn tuple(&mut self) -> Option<Vec<u64>> {
        let mut items = Vec::new();
        self.token("(")?;
        while self.token(")").is_none() {
            let text = self.0.trim_start();
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            // A number beyond 64 bits is too large all the same.
            items.push(if end == 0 { return None } else { text[..end].parse().unwrap_or(u64::MAX) });
            self.0 = &text[end..];
            // Python 2 wrote `256L`.
            self.token("L");
            if self.token(",").is_none() {
                self.token(")")?;
                break;
            }
        }
        Some(items)
    }
}
