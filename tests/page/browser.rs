//! Headless Chromium, driven by playwright-core: `drive.mjs` does what a job says.

use super::ROOT;
use super::tools::{installed, there};
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An answer as a page counted it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Answer {
    pub question: String,
    pub reply: String,
    pub steps: usize,
    /// Cycles between two steps.
    pub between: Vec<u64>,
    pub cycles: u64,
    pub first: Option<u64>,
}

/// What became of a job.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Found {
    pub answers: Vec<Answer>,
    /// Milliseconds from a line to its answer.
    pub took: Vec<f64>,
    pub state: String,
    pub said: String,
    pub terminal: String,
    pub last: Option<u64>,
    pub lamps: Vec<String>,
    pub listing: Option<String>,
    /// Points by which the page is wider than a telephone.
    pub overflow: i64,
    /// Errors of the console, and requests.
    pub problems: Vec<String>,
}

/// Where the packages of `page/package.json` are, if they are, and a browser.
pub fn modules() -> Option<PathBuf> {
    let folder = packages()?;
    let chromium = std::env::var_os("CHROMIUM").map_or(PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    there(chromium.is_file(), "Chromium (apt-get install chromium, or its path in CHROMIUM)")
        .then_some(folder)
}

/// Where the packages are.
pub fn packages() -> Option<PathBuf> {
    let folder = Path::new(ROOT).join("target/page/node_modules");
    let found = folder.join("playwright-core").is_dir();
    let how = "the packages of page/package.json in target/page (CONTRIBUTING.md says how to install them)";
    (there(found, how) && installed("node")).then_some(folder)
}

/// Does the jobs, one after the other.
pub fn drive(modules: &Path, jobs: &[Value]) -> Vec<Found> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.json");
    std::fs::write(&file, Value::from(jobs).to_string()).unwrap();
    let ran = Command::new("node")
        .arg(Path::new(ROOT).join("tests/page/drive.mjs"))
        .args([modules, &file])
        .output()
        .expect("node is installed");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "drive.mjs: {said}");
    let found = String::from_utf8(ran.stdout).unwrap();
    let found: Vec<Found> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), jobs.len());
    for found in &found {
        assert_eq!(found.problems, Vec::<String>::new());
        assert!(found.overflow <= 0, "{} points wider than 390", found.overflow);
    }
    found
}
