//! The assembler: lex, parse, expressions, layout; one folder an instruction set.
