//! Conclusions that need several places of a page together.

use super::Run;
use crate::evidence::Class;
use crate::value::Value;

/// So many of the operations on any file make a file manager.
const MANAGES: usize = 3;

impl Run {
    pub(super) fn finish(&mut self) {
        self.started();
        self.files();
        self.network();
        let nobody = Value::default();
        if let (Some(_), Some(line)) = (self.facts.connection, self.facts.statement) {
            self.found(Class::SqlConsole, line, &nobody, None);
        } else if let Some(line) = self.facts.statement {
            self.found(Class::SqlStatement, line, &nobody, None);
        }
        if let Some(line) = self.native_code() {
            self.found(Class::RunsNative, line, &nobody, None);
        }
        if let Some(line) = self.facts.provider {
            self.found(Class::ServesFromMemory, line, &nobody, Some("VirtualPathProvider"));
        }
        if let Some(line) = self.facts.defense_probes.first().copied() {
            self.found(Class::LooksForDefenses, line, &nobody, None);
        }
        if !self.facts.checks_upload {
            let uploads = std::mem::take(&mut self.facts.uploads);
            for (line, _) in uploads {
                self.found(Class::TakesUpload, line, &nobody, None);
            }
        }
    }

    fn files(&mut self) {
        let ops = &self.facts.file_ops;
        let counted = ["list", "read", "delete", "move", "folder", "times"]
            .iter()
            .filter(|op| ops.contains_key(*op))
            .count();
        let lists = ops.contains_key("list");
        let reads = ops.contains_key("read");
        let Some(line) = ops.values().copied().min() else { return };
        let nobody = Value::default();
        if counted >= MANAGES
            || (counted >= 2 && (ops.contains_key("drives") || ops.contains_key("write")) && (lists || reads))
        {
            self.found(Class::ManagesFiles, line, &nobody, None);
        } else if lists && reads {
            self.found(Class::BrowsesFiles, line, &nobody, None);
        }
    }

    fn network(&mut self) {
        let nobody = Value::default();
        if let (Some(line), Some(_)) = (self.facts.connects, self.facts.sends) {
            self.found(Class::Tunnel, line, &nobody, None);
        } else if let Some(line) = self.facts.connects {
            self.found(Class::ConnectsAnywhere, line, &nobody, None);
        }
        if let (Some(_), Some(line)) = (self.facts.socket, self.facts.shell_started) {
            self.found(Class::ReverseShell, line, &nobody, None);
        }
    }
}
