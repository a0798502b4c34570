//! Tells the linker where LibTorch is, for the programs and tests that use it. Without the feature `tch`: nothing.

use std::env;

pub fn main() {
    println!("cargo::rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    let Some(folder) = env::var_os("DEP_TCH_LIBTORCH_LIB") else { return };
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", folder.to_string_lossy());
    if env::var_os("CARGO_CFG_TARGET_OS").is_some_and(|os| os == "linux") {
        // LibTorch's half for CUDA enters itself in a table when it is loaded. No symbol refers to it, so the
        // linker would leave it out.
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed");
        println!("cargo::rustc-link-arg=-ltorch");
    }
}
