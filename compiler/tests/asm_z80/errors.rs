//! Error texts to the letter.
