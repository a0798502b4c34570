//! What a model says about itself. Nothing here changes what it computes.

/// Longest [`Head::about`], and longest name or value in [`Head::training`], in characters.
pub const MAX_ABOUT: usize = 4000;
/// Most facts in [`Head::training`].
pub const MAX_FACTS: usize = 256;
/// Most calibration queries: planning runs the network on each of them.
pub const MAX_CALIBRATION: usize = 256;
/// Longest calibration query, in characters: what fits the command tail of CP/M.
pub const MAX_CALIBRATION_LENGTH: usize = 127;

/// A model's name, texts for people, and queries to measure on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// Short name: letters, digits, `-` and `_`, 1 to 32 of them. Names the outputs of `mlc compile`.
    pub name: String,
    /// What it is, in a sentence or two: one line of at most 4,000 characters, none of them a control character.
    pub about: String,
    /// Facts about the training, in order, for people: (`"pairs"`, `"1840"`). At most 256; names and values as `about`.
    pub training: Vec<(String, String)>,
    /// Queries like those that the network is for, printable ASCII: the planner measures on them how often each
    /// column is used. Queries and not the densities themselves, because the price of a shared sum and of a carry
    /// depends on which inputs come together, and a pass may rename or drop the neurons that a density was for.
    /// They are never in the program. None: the planner's own (`QUERIES` of `stage::calibration`).
    pub calibration: Vec<String>,
}

/// Whether [`Head::calibration`] may hold `query`.
pub fn is_calibration_query(query: &str) -> bool {
    let printable = query.bytes().all(|b| (b' '..=b'~').contains(&b));
    printable && query.len() <= MAX_CALIBRATION_LENGTH && query.bytes().any(|b| b != b' ')
}
