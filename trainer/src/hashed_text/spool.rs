//! Pairs put aside, for data that does not fit into memory.
//!
//! A [`Spool`] takes pairs as they are read. When all are there it deals them into [`Chunks`], each as many pairs as
//! memory should hold at a time, at random but for the seed: a chunk is a sample of the whole, also where a file is
//! sorted by its replies. All of it lies in a [`Storage`], which the caller brings.
//!
//! A record is the lengths of query and reply, two bytes each, least first, and then both.

use super::dataset::{Dataset, steps};
use super::replies::Replies;
use crate::pairs::Pair;
use mlc_compiler::model::{Answer, HashedText};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::fmt;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes gathered before they are written; when dealing, those of all chunks together.
const BUFFER: usize = 2 << 20;

/// Where pairs lie: a temporary file, or memory in tests.
pub trait Storage: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Storage for T {}

/// Pairs in the order in which they were read.
pub struct Spool {
    storage: Box<dyn Storage>,
    buffer: Vec<u8>,
    pairs: usize,
    replies: Replies,
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Spool").field("pairs", &self.pairs).finish_non_exhaustive()
    }
}

impl Spool {
    /// `storage` is empty.
    pub fn new(storage: Box<dyn Storage>) -> Self {
        Self { storage, buffer: Vec::new(), pairs: 0, replies: Replies::default() }
    }

    /// Puts a pair aside.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn push(&mut self, pair: &Pair) -> io::Result<()> {
        self.replies.add(&pair.reply);
        record(&mut self.buffer, &pair.query, &pair.reply);
        self.pairs += 1;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// How many pairs there are.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    pub(crate) fn replies(&self) -> &Replies {
        &self.replies
    }

    fn flush(&mut self) -> io::Result<()> {
        self.storage.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Calls `visit` with query and reply of each pair, in order.
    fn each(&mut self, mut visit: impl FnMut(&[u8], &[u8]) -> io::Result<()>) -> io::Result<()> {
        self.flush()?;
        self.storage.rewind()?;
        let mut input = BufReader::with_capacity(1 << 20, &mut self.storage);
        let (mut query, mut reply) = (Vec::new(), Vec::new());
        for _ in 0..self.pairs {
            let mut lengths = [0; 4];
            input.read_exact(&mut lengths)?;
            let [q, r] = split_lengths(lengths);
            query.resize(q, 0);
            reply.resize(r, 0);
            input.read_exact(&mut query)?;
            input.read_exact(&mut reply)?;
            visit(&query, &reply)?;
        }
        Ok(())
    }

    /// Deals the pairs into chunks of at most `size`, into `storage`, which is empty. Those whose query `is_held_out`
    /// come into chunks of their own. Gives both sides; one of them may have no pair.
    ///
    /// # Errors
    /// Something cannot be written or read back.
    pub(crate) fn deal(
        mut self,
        mut storage: Box<dyn Storage>,
        (reader, answer): (&HashedText, &Answer),
        (size, seed): (usize, u64),
        is_held_out: impl Fn(&[u8]) -> bool,
    ) -> io::Result<[Chunks; 2]> {
        let mut counts = [0usize; 2];
        self.each(|query, _| {
            counts[usize::from(is_held_out(query))] += 1;
            Ok(())
        })?;
        let number = counts.map(|count| count.div_ceil(size));
        let dealers = || number.map(|number| Dealer::new(number, seed));

        let mut sides = number.map(|number| vec![Chunk::default(); number]);
        let mut dealer = dealers();
        self.each(|query, reply| {
            let side = usize::from(is_held_out(query));
            let chunk = &mut sides[side][dealer[side].deal()];
            chunk.pairs += 1;
            chunk.steps += steps_of(reply, answer);
            chunk.bytes += 4 + query.len() + reply.len();
            Ok(())
        })?;
        let mut offset = 0;
        for chunk in sides.iter_mut().flatten() {
            chunk.offset = offset;
            offset += chunk.bytes as u64;
        }

        let all = number.iter().sum::<usize>().max(1);
        let mut buffers = number.map(|number| vec![Vec::new(); number]);
        let mut ends = [0, 1].map(|side| sides[side].iter().map(|chunk| chunk.offset).collect::<Vec<_>>());
        let mut dealer = dealers();
        let mut put = |at: &mut u64, buffer: &mut Vec<u8>| {
            storage.seek(SeekFrom::Start(*at))?;
            storage.write_all(buffer)?;
            *at += buffer.len() as u64;
            buffer.clear();
            io::Result::Ok(())
        };
        self.each(|query, reply| {
            let side = usize::from(is_held_out(query));
            let chunk = dealer[side].deal();
            let buffer = &mut buffers[side][chunk];
            record(buffer, query, reply);
            if buffer.len() >= BUFFER / all { put(&mut ends[side][chunk], buffer) } else { Ok(()) }
        })?;
        for (at, buffer) in ends.iter_mut().flatten().zip(buffers.iter_mut().flatten()) {
            put(at, buffer)?;
        }
        let storage = Arc::new(Mutex::new(storage));
        Ok(sides.map(|chunks| Chunks {
            storage: Arc::clone(&storage),
            chunks,
            size,
            reader: reader.clone(),
            answer: answer.clone(),
        }))
    }
}

/// Deals cards to `number` players, one to each in every round, in a random order. So a chunk has one pair of every
/// `number` that stand together, and sizes differ by one at most.
struct Dealer {
    round: Vec<usize>,
    dealt: usize,
    rng: ChaCha8Rng,
}

impl Dealer {
    fn new(number: usize, seed: u64) -> Self {
        Self { round: (0..number).collect(), dealt: 0, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// There is a player, or nobody may ask.
    fn deal(&mut self) -> usize {
        if self.dealt.is_multiple_of(self.round.len()) {
            self.round.shuffle(&mut self.rng);
        }
        let player = self.round[self.dealt % self.round.len()];
        self.dealt += 1;
        player
    }
}

fn steps_of(reply: &[u8], answer: &Answer) -> usize {
    match answer {
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => unreachable!("a model of hashed text"),
        Answer::Chat(chat) => steps(reply, chat).count(),
        Answer::Label { .. } => 1,
    }
}

fn record(out: &mut Vec<u8>, query: &[u8], reply: &[u8]) {
    for part in [query, reply] {
        // Both come from a line of at most MAX_LINE bytes, folding keeps their length.
        out.extend_from_slice(&(part.len() as u16).to_le_bytes());
    }
    out.extend_from_slice(query);
    out.extend_from_slice(reply);
}

fn split_lengths([a, b, c, d]: [u8; 4]) -> [usize; 2] {
    [u16::from_le_bytes([a, b]).into(), u16::from_le_bytes([c, d]).into()]
}

/// Where a chunk lies.
#[derive(Debug, Clone, Copy, Default)]
struct Chunk {
    offset: u64,
    bytes: usize,
    pairs: usize,
    steps: usize,
}

/// Pairs in a storage, encoded a chunk at a time.
#[derive(Clone)]
pub struct Chunks {
    storage: Arc<Mutex<Box<dyn Storage>>>,
    chunks: Vec<Chunk>,
    /// Pairs in a chunk at most.
    size: usize,
    reader: HashedText,
    answer: Answer,
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Chunks").field("chunks", &self.chunks).finish_non_exhaustive()
    }
}

impl Chunks {
    /// How many chunks there are.
    pub fn number(&self) -> usize {
        self.chunks.len()
    }

    /// Pairs in a chunk at most.
    pub fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn pairs(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.pairs).sum()
    }

    /// Steps of each chunk.
    pub(crate) fn steps(&self) -> impl Iterator<Item = usize> + '_ {
        self.chunks.iter().map(|chunk| chunk.steps)
    }

    /// Reads and encodes a chunk.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn load(&self, index: usize) -> io::Result<Dataset> {
        Ok(Dataset::new(&self.pairs_of(index)?, &self.reader, &self.answer))
    }

    /// # Errors
    /// The chunk cannot be read.
    pub(crate) fn pairs_of(&self, index: usize) -> io::Result<Vec<Pair>> {
        let chunk = self.chunks[index];
        let mut bytes = vec![0; chunk.bytes];
        {
            let mut storage = self.lock();
            storage.seek(SeekFrom::Start(chunk.offset))?;
            storage.read_exact(&mut bytes)?;
        }
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "what was put aside has changed");
        let mut rest = &bytes[..];
        let mut pairs = Vec::with_capacity(chunk.pairs);
        for number in 1..=chunk.pairs {
            let (lengths, behind) = rest.split_first_chunk().ok_or_else(damaged)?;
            let [q, r] = split_lengths(*lengths);
            let (text, behind) = behind.split_at_checked(q + r).ok_or_else(damaged)?;
            let (query, reply) = (text[..q].to_vec(), text[q..].to_vec());
            pairs.push(Pair { query, reply, source: 0, line: number });
            rest = behind;
        }
        Ok(pairs)
    }

    /// A panic of another holder leaves nothing half-done: every use seeks first.
    fn lock(&self) -> MutexGuard<'_, Box<dyn Storage>> {
        self.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
