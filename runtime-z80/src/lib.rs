//! The machines that run Z80 programs here: CP/M 2.2 on the `iz80` core.
