//! Chat templates are programs that a folder brings. One that has no end, or asks for all memory, must not take mlc with it: a
//! process of its own renders them, with an end to its time and, on Unix, to its memory.

use mlc_compiler::import::sequence::hugging_face::chat::{Conversations, NoTurns, Template};
use serde_json::from_slice;
use std::env;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What a process is given to render.
const ARGUMENT: &str = "--render-chat-template";
/// How long that may take.
const TIME: Duration = Duration::from_secs(10);
/// Most bytes that it may have.
#[cfg(unix)]
const MEMORY: u64 = 1 << 30;
/// Most bytes of what it says.
const MOST_SAID: u64 = 4 << 20;

/// Renders the conversations of a template.
///
/// # Errors
/// See [`Template::rendered`]; it took too long, or came to no end.
pub fn rendered(template: &Template) -> Result<Conversations, NoTurns> {
    let asked = serde_json::to_vec(template).expect("texts can be written");
    let said = ask(asked).map_err(|e| NoTurns::Render(format!("no process to do it in: {e}")))?;
    let said = said.ok_or_else(|| NoTurns::Render("it does not come to an end".into()))?;
    match from_slice::<Result<Conversations, String>>(&said) {
        Ok(Ok(conversations)) => Ok(conversations),
        Ok(Err(why)) => Err(NoTurns::Render(why)),
        Err(_) => Err(NoTurns::Render("it asks for too much memory, or calls itself without end".into())),
    }
}

/// What the process says; `None`: it took too long.
fn ask(asked: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let (sender, receiver) = mpsc::channel();
    let (mut input, output) = pipes(&mut child);
    thread::spawn(move || {
        // One that has died reads nothing.
        let _ = input.write_all(&asked);
        drop(input);
        let mut said = Vec::new();
        let read = output.take(MOST_SAID).read_to_end(&mut said);
        let _ = sender.send(read.map(|_| said));
    });
    let said = receiver.recv_timeout(TIME);
    let _ = child.kill();
    child.wait()?;
    said.map_or(Ok(None), |said| said.map(Some))
}

fn pipes(child: &mut Child) -> (impl Write + Send + 'static, impl Read + Send + 'static) {
    let input = child.stdin.take().expect("a pipe was asked for");
    let output = child.stdout.take().expect("a pipe was asked for");
    (input, output)
}

/// The process itself, if this is one: it reads a template and writes what it renders.
pub fn run_if_asked() -> Option<ExitCode> {
    (env::args_os().nth(1)? == ARGUMENT).then(|| match render() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn render() -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) })?;
    }
    let mut asked = Vec::new();
    io::stdin().lock().read_to_end(&mut asked)?;
    let template: Template = from_slice(&asked)?;
    let rendered = template.rendered().map_err(|why| match why {
        NoTurns::Render(why) => why,
        other => other.to_string(),
    });
    let said = serde_json::to_vec(&rendered)?;
    io::stdout().lock().write_all(&said)
}
