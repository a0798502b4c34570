//! Archives of arrays, built byte by byte as NumPy writes them.

use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A `.npy` of version 1.0.
pub fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    npy_text(&format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"), data)
}

/// A `.npy` of version 1.0 with any header text, padded to a multiple of 64 bytes.
pub fn npy_text(header: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{header:<width$}\n", width = (header.len() + 11).next_multiple_of(64) - 11);
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(data);
    out
}

pub type Members = Vec<(String, Vec<u8>)>;

/// An archive of files with just these names.
pub fn zip_of(members: &Members, method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub fn archive(members: &Members, method: CompressionMethod) -> Vec<u8> {
    let file = |(name, bytes): &(String, Vec<u8>)| (format!("{name}.npy"), bytes.clone());
    zip_of(&members.iter().map(file).collect(), method)
}

pub fn stored(members: &Members) -> Vec<u8> {
    archive(members, CompressionMethod::Stored)
}
