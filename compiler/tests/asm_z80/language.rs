//! Directives, expressions, symbols: our bytes against pasmo's.
