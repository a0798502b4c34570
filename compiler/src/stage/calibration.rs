//! Queries that stand in for a user's where a model brings none: densities are measured on these.

/// Small talk, questions, commands, and a few lines that no training has seen.
pub const QUERIES: [&str; 24] = [
    "hello",
    "hi there",
    "how are you today?",
    "who are you",
    "what is your name",
    "what can you do",
    "tell me a joke",
    "is it bigger than a car?",
    "can you eat it",
    "does it live in water?",
    "is it alive",
    "yes",
    "no",
    "thank you very much",
    "i am tired",
    "do you like music?",
    "what is the meaning of life",
    "turn the light on please",
    "go left",
    "stop",
    "the quick brown fox jumps over the lazy dog",
    "1+1=2?",
    "asdf",
    "good bye",
];
