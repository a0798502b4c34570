//! Protocol buffers, read where they lie: <https://protobuf.dev/programming-guides/encoding/>. Every length is checked
//! against the message around it.

/// Where a file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged(pub usize);

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    Number(u64),
    /// Bytes, and where they begin in the file.
    Bytes(&'a [u8], usize),
    Four([u8; 4]),
    Eight([u8; 8]),
}

/// The fields of a message, in order, with their numbers.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    /// Where the message begins in the file.
    start: usize,
    at: usize,
}

impl<'a> Fields<'a> {
    pub fn new(bytes: &'a [u8], start: usize) -> Self {
        Self { bytes, start, at: 0 }
    }

    fn damaged(&self) -> Damaged {
        Damaged(self.start + self.at)
    }

    fn varint(&mut self) -> Result<u64, Damaged> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(self.damaged())?;
            self.at += 1;
            if shift < 64 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.damaged())
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Damaged> {
        let count = usize::try_from(count).map_err(|_| self.damaged())?;
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len()).ok_or(self.damaged())?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Field<'a>), Damaged> {
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Eight(self.take(8)?.try_into().expect("eight bytes")),
            2 => {
                let length = self.varint()?;
                let at = self.start + self.at;
                Field::Bytes(self.take(length)?, at)
            }
            5 => Field::Four(self.take(4)?.try_into().expect("four bytes")),
            // Groups, which nobody writes any more.
            _ => return Err(self.damaged()),
        };
        Ok((tag >> 3, field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.at = self.bytes.len();
        }
        Some(field)
    }
}

/// Numbers of a repeated field, packed or one a field: each of them is given to `add`.
pub fn numbers(field: Field, mut add: impl FnMut(u64)) -> Result<(), Damaged> {
    match field {
        Field::Number(n) => add(n),
        Field::Bytes(bytes, start) => {
            let mut packed = Fields::new(bytes, start);
            while packed.at < packed.bytes.len() {
                add(packed.varint()?);
            }
        }
        Field::Four(b) => add(u32::from_le_bytes(b).into()),
        Field::Eight(b) => add(u64::from_le_bytes(b)),
    }
    Ok(())
}

/// Floats of a repeated field, likewise.
pub fn floats(field: Field, out: &mut Vec<f32>) {
    match field {
        Field::Four(b) => out.push(f32::from_le_bytes(b)),
        Field::Bytes(bytes, _) => {
            out.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))));
        }
        Field::Number(_) | Field::Eight(_) => {}
    }
}
