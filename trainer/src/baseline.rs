//! What simpler methods reach on the same pairs, and how many bytes they take on the machine: a network that is
//! no better than a keyword table is not worth its bytes.
//!
//! Each method picks one of the replies of the training pairs. Sizes are of the tables, without code; an index of
//! a reply takes a byte, or two where there are more than 256 replies.

use crate::hashed_text::sparse::Sparse;
use crate::pairs::Pair;
use mlc_compiler::model::QueryEncoder;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A method and how it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    pub name: &'static str,
    /// Tables on the machine.
    pub bytes: usize,
    /// Exact replies to the training queries.
    pub train_right: usize,
    pub train_pairs: usize,
    /// The same for queries it hasn't seen.
    pub held_out_right: usize,
    pub held_out_pairs: usize,
}

/// All baselines, the smallest idea first. `held_out` may be empty.
pub fn baselines(train: &[&Pair], held_out: &[&Pair], encoder: &QueryEncoder) -> Vec<Baseline> {
    if train.is_empty() {
        return Vec::new();
    }
    let replies = Replies::new(train);
    let majority = Majority(replies.most_frequent());
    let keywords = Keywords::new(train, &replies);
    let centroids = Centroids::new(train, &replies, encoder);
    let neighbours = Neighbours::new(train, &replies, encoder);
    let texts = replies.bytes();
    let chosen = replies.list[majority.0].len() + 1;
    let keyword_bytes = keywords.bytes(&replies);
    let row = |name, bytes, method: &dyn Method| Baseline {
        name,
        bytes,
        train_right: replies.right(train, method),
        train_pairs: train.len(),
        held_out_right: replies.right(held_out, method),
        held_out_pairs: held_out.len(),
    };
    vec![
        row("majority", chosen, &majority),
        row("keyword table", keyword_bytes + texts, &keywords),
        row("nearest centroid", centroids.bytes() + texts, &centroids),
        row("1-nearest neighbour", neighbours.bytes(&replies) + texts, &neighbours),
    ]
}

/// From a query to the index of a reply.
trait Method {
    fn answer(&self, query: &[u8]) -> usize;
}

/// The distinct replies of the training pairs.
struct Replies<'a> {
    list: Vec<&'a [u8]>,
    index: BTreeMap<&'a [u8], usize>,
    counts: Vec<usize>,
}

impl<'a> Replies<'a> {
    fn new(train: &[&'a Pair]) -> Self {
        let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
        train.iter().for_each(|pair| *counts.entry(&pair.reply).or_default() += 1);
        let list: Vec<&[u8]> = counts.keys().copied().collect();
        let index = list.iter().zip(0..).map(|(reply, i)| (*reply, i)).collect();
        Self { list, index, counts: counts.into_values().collect() }
    }

    fn most_frequent(&self) -> usize {
        first_largest(&self.counts)
    }

    fn of(&self, pair: &Pair) -> usize {
        self.index[pair.reply.as_slice()]
    }

    fn right(&self, pairs: &[&Pair], method: &dyn Method) -> usize {
        // Queries repeat: each is answered once.
        let mut answers: BTreeMap<&[u8], usize> = BTreeMap::new();
        pairs
            .iter()
            .filter(|pair| {
                let answer = *answers.entry(&pair.query).or_insert_with(|| method.answer(&pair.query));
                self.list[answer] == pair.reply
            })
            .count()
    }

    /// Zero-terminated texts.
    fn bytes(&self) -> usize {
        self.list.iter().map(|reply| reply.len() + 1).sum()
    }

    fn index_bytes(&self) -> usize {
        if self.list.len() > 256 { 2 } else { 1 }
    }
}

/// Index of the largest, the first of equals.
fn first_largest<T: PartialOrd>(values: &[T]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

/// Always the most frequent reply.
struct Majority(usize);

impl Method for Majority {
    fn answer(&self, _: &[u8]) -> usize {
        self.0
    }
}

/// A decision list: the first word of the list that the query has decides; the list is sorted by how sure a word
/// makes of its reply (share of its pairs, Laplace-corrected). Words in one pair only are no rule.
struct Keywords<'a> {
    ranks: BTreeMap<&'a [u8], (usize, usize)>,
    otherwise: usize,
}

fn words(query: &[u8]) -> impl Iterator<Item = &[u8]> {
    query.split(|c| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

impl<'a> Keywords<'a> {
    fn new(train: &[&'a Pair], replies: &Replies) -> Self {
        let mut counts: BTreeMap<&[u8], BTreeMap<usize, usize>> = BTreeMap::new();
        for pair in train {
            for word in words(&pair.query).collect::<BTreeSet<_>>() {
                *counts.entry(word).or_default().entry(replies.of(pair)).or_default() += 1;
            }
        }
        let mut rules: Vec<(f64, &[u8], usize)> = Vec::new();
        for (word, counts) in counts {
            let total: usize = counts.values().sum();
            let best =
                counts.iter().fold((0, 0), |best, (&reply, &n)| if n > best.1 { (reply, n) } else { best });
            if total > 1 {
                rules.push(((best.1 + 1) as f64 / (total + replies.list.len().min(10)) as f64, word, best.0));
            }
        }
        rules.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let ranks = rules.iter().zip(0..).map(|(&(_, word, reply), rank)| (word, (rank, reply))).collect();
        Self { ranks, otherwise: replies.most_frequent() }
    }

    fn bytes(&self, replies: &Replies) -> usize {
        self.ranks.keys().map(|word| word.len() + 1 + replies.index_bytes()).sum()
    }
}

impl Method for Keywords<'_> {
    fn answer(&self, query: &[u8]) -> usize {
        let found = words(query).filter_map(|word| self.ranks.get(word)).min();
        found.map_or(self.otherwise, |&(_, reply)| reply)
    }
}

/// The counts of a query's trigrams, of length 1.
fn direction(query: &[u8], encoder: &QueryEncoder) -> Vec<(u16, f32)> {
    let mut encoded = Sparse::new();
    let row = encoded.push_query(query, encoder);
    let row = encoded.row(row);
    let length = row.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    row.iter().map(|&(bucket, value)| (bucket, value / length)).collect()
}

/// For each reply the mean direction of its queries; the largest cosine wins.
struct Centroids<'e> {
    /// `[buckets, replies]`, of length 1 a reply.
    table: Vec<f32>,
    replies: usize,
    encoder: &'e QueryEncoder,
}

impl<'e> Centroids<'e> {
    fn new(train: &[&Pair], replies: &Replies, encoder: &'e QueryEncoder) -> Self {
        let count = replies.list.len();
        let mut table = vec![0.0f32; usize::from(encoder.buckets) * count];
        for pair in train {
            for (bucket, value) in direction(&pair.query, encoder) {
                table[usize::from(bucket) * count + replies.of(pair)] += value;
            }
        }
        for reply in 0..count {
            let length = table.iter().skip(reply).step_by(count).map(|v| v * v).sum::<f32>().sqrt();
            table.iter_mut().skip(reply).step_by(count).for_each(|v| *v /= length);
        }
        Self { table, replies: count, encoder }
    }

    /// A byte an element.
    fn bytes(&self) -> usize {
        self.table.len()
    }
}

impl Method for Centroids<'_> {
    fn answer(&self, query: &[u8]) -> usize {
        let mut scores = vec![0.0f32; self.replies];
        for (bucket, value) in direction(query, self.encoder) {
            let row = &self.table[usize::from(bucket) * self.replies..][..self.replies];
            scores.iter_mut().zip(row).for_each(|(score, v)| *score += value * v);
        }
        first_largest(&scores)
    }
}

/// The reply of the training query with the largest cosine; of equal queries, their most frequent reply.
struct Neighbours<'a> {
    /// For each bucket the queries that have it, by their index.
    postings: Vec<Vec<(u32, f32)>>,
    replies: Vec<usize>,
    queries: Vec<&'a [u8]>,
    encoder: &'a QueryEncoder,
}

impl<'a> Neighbours<'a> {
    fn new(train: &[&'a Pair], replies: &Replies, encoder: &'a QueryEncoder) -> Self {
        let mut counts: BTreeMap<&[u8], BTreeMap<usize, usize>> = BTreeMap::new();
        for pair in train {
            *counts.entry(&pair.query).or_default().entry(replies.of(pair)).or_default() += 1;
        }
        let mut postings = vec![Vec::new(); usize::from(encoder.buckets)];
        let (mut queries, mut answers) = (Vec::new(), Vec::new());
        for (query, counts) in counts {
            for (bucket, value) in direction(query, encoder) {
                postings[usize::from(bucket)].push((queries.len() as u32, value));
            }
            queries.push(query);
            answers
                .push(counts.iter().fold((0, 0), |b, (&reply, &n)| if n > b.1 { (reply, n) } else { b }).0);
        }
        Self { postings, replies: answers, queries, encoder }
    }

    /// The queries as text (their trigrams are counted again at each comparison) and the index of their reply.
    fn bytes(&self, replies: &Replies) -> usize {
        self.queries.iter().map(|query| query.len() + 1 + replies.index_bytes()).sum()
    }
}

impl Method for Neighbours<'_> {
    fn answer(&self, query: &[u8]) -> usize {
        // The query itself has cosine 1, but for rounding others with the same buckets could pass it.
        if let Ok(same) = self.queries.binary_search(&query) {
            return self.replies[same];
        }
        let mut scores = vec![0.0f32; self.queries.len()];
        for (bucket, value) in direction(query, self.encoder) {
            for &(i, v) in &self.postings[usize::from(bucket)] {
                scores[i as usize] += value * v;
            }
        }
        self.replies[first_largest(&scores)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<Pair> {
        let pair =
            |(q, r): &(&str, &str)| Pair { query: (*q).into(), reply: (*r).into(), source: 0, line: 1 };
        list.iter().map(pair).collect()
    }

    #[test]
    fn each_method_on_a_case_done_by_hand() {
        let train = pairs(&[
            ("is it red", "NO"),
            ("is it blue", "YES"),
            ("is it dark blue", "YES"),
            ("is it red now", "NO"),
            ("is it big", "YES"),
            ("red or blue", "MAYBE"),
            ("red or blue", "NO"),
        ]);
        let held_out = pairs(&[("blue is it", "YES"), ("is it reddish", "NO"), ("unheard of", "WIN")]);
        let encoder = QueryEncoder { buckets: 128, bands: 1, max_length: 62 };
        let rows =
            baselines(&train.iter().collect::<Vec<_>>(), &held_out.iter().collect::<Vec<_>>(), &encoder);
        let found: Vec<_> = rows.iter().map(|r| (r.name, r.bytes, r.train_right, r.held_out_right)).collect();
        let texts = "MAYBE NO YES ".len();
        // Words in two pairs or more: blue (2 of 4 YES), is, it (3 of 5 YES), or (1 of 2), red (3 of 4 NO).
        // (n+1)/(total+3): red 4/7, is and it 4/8, blue 3/7, or 2/5. MAYBE and NO tie for "or".
        let keywords = "red".len() + "is".len() + "it".len() + "blue".len() + "or".len() + 5 * 2;
        let queries =
            ["is it red", "is it blue", "is it dark blue", "is it red now", "is it big", "red or blue"];
        let neighbours: usize = queries.iter().map(|q| q.len() + 2).sum();
        assert_eq!(
            found,
            [
                ("majority", 3, 3, 1),
                ("keyword table", keywords + texts, 6, 1),
                ("nearest centroid", 3 * 128 + texts, rows[2].train_right, rows[2].held_out_right),
                ("1-nearest neighbour", neighbours + texts, 6, 2),
            ]
        );
        assert!(rows[2].train_right >= 5 && rows[2].held_out_right == 2, "{:?}", rows[2]);
        assert!(rows.iter().all(|row| (row.train_pairs, row.held_out_pairs) == (7, 3)));
        assert_eq!(baselines(&[], &[], &encoder), []);
    }
}
