//! What documents tell people to type exists: commands, options, tasks.

use clap::{Command, CommandFactory};
use vigie::cli::Cli;

use crate::tidy::documents::documents;
use crate::tidy::none;
use crate::{TASKS, tree};

#[test]
fn commands_in_documents_exist() {
    let cli = Cli::command();
    let mut offences = Vec::new();
    for path in documents() {
        for typed in typed(&tree::read(&path).unwrap()) {
            if let Err(what) = known(&cli, &typed) {
                offences.push(format!("{}: {}: {what}", tree::shown(&path), typed.join(" ")));
            }
        }
    }
    none("a command in a document exists, with its options", &offences);
}

#[test]
fn the_two_first_commands_stand_in_the_readme() {
    let readme = tree::read(&tree::root().join("README.md")).unwrap();
    for command in ["cargo run --release -- check examples/", "cargo test --workspace"] {
        let lines = readme.lines().filter(|line| line.starts_with(command)).count();
        assert_eq!(lines, 1, "{command} stands on {lines} lines of its own");
    }
}

/// Whether the command line takes these words.
fn known(cli: &Command, words: &[String]) -> Result<(), String> {
    let (program, name) = (words[0].as_str(), words.get(1).map_or("", String::as_str));
    if program == "xtask" {
        let task = TASKS.iter().any(|(task, _)| task.split(' ').next() == Some(name));
        return if task { Ok(()) } else { Err(format!("no task {name}")) };
    }
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase()) {
        return Ok(());
    }
    let mut command = cli.find_subcommand(name).ok_or(format!("no command {name}"))?;
    let mut rest = &words[2..];
    // `vigie pack build`: a command within a command; `build|verify` names several.
    while let Some((word, after)) = rest.split_first().filter(|_| command.has_subcommands()) {
        let inner: Option<Vec<&Command>> = word.split('|').map(|one| command.find_subcommand(one)).collect();
        let inner = inner.ok_or(format!("no command {name} {word}"))?;
        command = inner.first().copied().unwrap_or(command);
        rest = after;
    }
    for word in rest {
        let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) else { continue };
        let option = option.split('=').next().unwrap_or_default();
        let exists = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(option));
        if !exists(command) && !exists(cli) && !["help", "version"].contains(&option) {
            return Err(format!("no option --{option}"));
        }
    }
    Ok(())
}

/// The commands of ours in a document's code, as words from the program's name on.
fn typed(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.extend(command(line));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).filter_map(command));
        }
    }
    found
}

/// The command of ours that a line of code holds, up to the next pipe, comment or semicolon.
fn command(line: &str) -> Option<Vec<String>> {
    let line = line.trim_start().trim_start_matches("$ ");
    let starts = [("cargo run --release -- ", "vigie"), ("vigie ", "vigie"), ("cargo xtask ", "xtask")];
    let (program, rest) = starts.iter().find_map(|(start, name)| Some((name, line.strip_prefix(start)?)))?;
    let ends = ["|", "#", ";", "&&", ">", "2>"];
    let words = rest.split_whitespace().take_while(|word| !ends.contains(word)).map(str::to_owned);
    Some(std::iter::once((*program).to_owned()).chain(words).collect())
}

#[test]
fn commands_are_found_in_code_only() {
    let text =
        "vigie prose\n```\n  vigie check a.zip --lang fr | jq\nls\n```\nand `cargo xtask docs`, `Verdict`";
    assert_eq!(typed(text), [vec!["vigie", "check", "a.zip", "--lang", "fr"], vec!["xtask", "docs"]]);
    let cli = Cli::command();
    let words = |line: &str| command(line).unwrap();
    assert!(known(&cli, &words("vigie check a.zip --threads 2")).is_ok());
    assert!(known(&cli, &words("vigie check a.zip --skip-errors")).is_err());
    assert!(known(&cli, &words("vigie exploit")).is_err());
    assert!(known(&cli, &words("vigie pack build F --output f.zip")).is_ok());
    assert!(known(&cli, &words("vigie pack build F --force")).is_err());
    assert!(known(&cli, &words("vigie pack burn")).is_err());
}
