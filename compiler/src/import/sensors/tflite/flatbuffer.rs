//! Flatbuffers, read where they lie: every offset and every length is checked against the file before it is followed.
//!
//! The format: <https://flatbuffers.dev/internals/>. A table begins with the distance back to its vtable, which has two
//! bytes for each field: the field's distance from the table, or 0 where the field is not there.

/// What is wrong with the bytes, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged(pub usize);

type Result<T> = std::result::Result<T, Damaged>;

/// A table in a file.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    vtable: usize,
    /// Bytes of the vtable.
    size: usize,
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    let end = at.checked_add(N).ok_or(Damaged(at))?;
    let found = bytes.get(at..end).ok_or(Damaged(at))?;
    Ok(found.try_into().expect("the range has N bytes"))
}

fn offset(bytes: &[u8], at: usize) -> Result<usize> {
    let distance = u32::from_le_bytes(take(bytes, at)?) as usize;
    at.checked_add(distance).filter(|&to| to < bytes.len()).ok_or(Damaged(at))
}

impl<'a> Table<'a> {
    /// The root table of a file.
    ///
    /// # Errors
    /// Where the file ends before it.
    pub fn root(bytes: &'a [u8]) -> Result<Self> {
        Self::new(bytes, offset(bytes, 0)?)
    }

    fn new(bytes: &'a [u8], at: usize) -> Result<Self> {
        let back = i64::from(i32::from_le_bytes(take(bytes, at)?));
        let vtable = usize::try_from(at as i64 - back).map_err(|_| Damaged(at))?;
        let size = usize::from(u16::from_le_bytes(take(bytes, vtable)?));
        if size < 4 || vtable.checked_add(size).is_none_or(|end| end > bytes.len()) {
            return Err(Damaged(vtable));
        }
        Ok(Self { bytes, at, vtable, size })
    }

    /// Where a field lies, by its number; `None` if it is not there.
    fn field(&self, number: usize) -> Result<Option<usize>> {
        let entry = 4 + 2 * number;
        if entry + 2 > self.size {
            return Ok(None);
        }
        let distance = usize::from(u16::from_le_bytes(take(self.bytes, self.vtable + entry)?));
        Ok((distance > 0).then_some(self.at + distance))
    }

    fn scalar<const N: usize, T>(&self, number: usize, default: T, read: fn([u8; N]) -> T) -> Result<T> {
        match self.field(number)? {
            Some(at) => Ok(read(take(self.bytes, at)?)),
            None => Ok(default),
        }
    }

    /// A field of one byte.
    pub fn byte(&self, number: usize, default: u8) -> Result<u8> {
        self.scalar(number, default, u8::from_le_bytes)
    }

    pub fn i32(&self, number: usize, default: i32) -> Result<i32> {
        self.scalar(number, default, i32::from_le_bytes)
    }

    pub fn u32(&self, number: usize, default: u32) -> Result<u32> {
        self.scalar(number, default, u32::from_le_bytes)
    }

    pub fn f32(&self, number: usize, default: f32) -> Result<f32> {
        self.scalar(number, default, f32::from_le_bytes)
    }

    pub fn table(&self, number: usize) -> Result<Option<Self>> {
        match self.field(number)? {
            Some(at) => Self::new(self.bytes, offset(self.bytes, at)?).map(Some),
            None => Ok(None),
        }
    }

    /// Where the elements of a vector of `width` bytes each begin, and how many there are: at most `most`.
    fn vector(&self, number: usize, width: usize, most: usize) -> Result<(usize, usize)> {
        let Some(field) = self.field(number)? else { return Ok((0, 0)) };
        let at = offset(self.bytes, field)?;
        let count = u32::from_le_bytes(take(self.bytes, at)?) as usize;
        let end = count.checked_mul(width).and_then(|size| size.checked_add(at + 4));
        if count > most || end.is_none_or(|end| end > self.bytes.len()) {
            return Err(Damaged(at));
        }
        Ok((at + 4, count))
    }

    /// At most `most` tables.
    pub fn tables(&self, number: usize, most: usize) -> Result<Vec<Self>> {
        let (at, count) = self.vector(number, 4, most)?;
        (0..count).map(|i| Self::new(self.bytes, offset(self.bytes, at + 4 * i)?)).collect()
    }

    /// The bytes of a vector of bytes.
    pub fn bytes(&self, number: usize) -> Result<&'a [u8]> {
        let (at, count) = self.vector(number, 1, usize::MAX)?;
        Ok(&self.bytes[at..at + count])
    }

    /// A string; what is no UTF-8 of it is replaced.
    pub fn string(&self, number: usize) -> Result<String> {
        Ok(String::from_utf8_lossy(self.bytes(number)?).into_owned())
    }

    pub fn i32s(&self, number: usize, most: usize) -> Result<Vec<i32>> {
        self.elements(number, most, i32::from_le_bytes)
    }

    pub fn f32s(&self, number: usize, most: usize) -> Result<Vec<f32>> {
        self.elements(number, most, f32::from_le_bytes)
    }

    pub fn i64s(&self, number: usize, most: usize) -> Result<Vec<i64>> {
        self.elements(number, most, i64::from_le_bytes)
    }

    fn elements<const N: usize, T>(
        &self,
        number: usize,
        most: usize,
        read: fn([u8; N]) -> T,
    ) -> Result<Vec<T>> {
        let (at, count) = self.vector(number, N, most)?;
        (0..count).map(|i| take(self.bytes, at + N * i).map(read)).collect()
    }
}
