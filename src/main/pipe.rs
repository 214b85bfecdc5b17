//! `postdesk pipe`, whose exit code a mail server goes by: for whatever is wrong here the mail is kept and tried again.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use postdesk::operate::{Code, Trouble, pipe};
use postdesk::run;
use postdesk::settings::Settings;

use super::trouble;

#[derive(Args)]
pub(super) struct Pipe {
    /// Envelope recipient; may be given several times
    #[arg(long, required = true, num_args = 1.., value_name = "ADDRESS")]
    to: Vec<String>,
    /// Envelope sender; without it, the null sender
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    from: Option<String>,
}

/// Takes the mail on standard input.
pub(super) async fn take(mail: &Pipe, settings: &Settings) -> Result<(), Trouble> {
    // As long as the mail server takes to write it is its own time.
    let raw = pipe::read(io::stdin().lock(), settings.smtp.max_message_size)?;
    let taking = async {
        let house = run::house(settings).await.map_err(trouble)?;
        let (incoming, store) = pipe::prepare(raw, mail.from.as_deref(), &mail.to, &house.desk, &settings.store).await?;
        run::require_ours(&store, &house.desk).await.map_err(trouble)?;
        pipe::pipe(incoming, store).await
    };
    pipe::within_the_limit(taking).await
}

/// Ends with what the mail server is told.
pub(super) fn ended(trouble: Trouble) -> ExitCode {
    let told = pipe::for_the_mail_server(trouble);
    // It looks for a status code at the very beginning. Where nothing can be written, there is nobody to tell.
    let _ = writeln!(io::stderr(), "{told}");
    ExitCode::from(told.code.number())
}

/// What a command line comes to that cannot be read. Help and version are no faults. A wrong line of `pipe` stands in a mail server's
/// configuration, and is to cost nobody a mail.
pub(super) fn not_understood(error: &clap::Error) -> ExitCode {
    // Where help and usage cannot be written, there is nobody to tell.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    let is_pipe = std::env::args_os().skip(1).any(|argument| argument == "pipe");
    ExitCode::from(if is_pipe { Code::TryLater } else { Code::Usage }.number())
}
