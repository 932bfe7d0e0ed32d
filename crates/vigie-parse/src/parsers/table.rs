//! Events of one stream on their way out: a schema, its batch, and what the receiver wants of it.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_model::batch::Position;
use vigie_model::schema::Wanted;
use vigie_model::{BatchBuilder, Schema, Time};

use crate::Sink;

/// A stream of an artifact and the names of its columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// The artifact, `iis.config`.
    pub(crate) artifact: &'static str,
    /// The stream, `Module`; empty where the artifact has one only.
    pub(crate) stream: &'static str,
    /// Column names, in order.
    pub(crate) fields: &'static [&'static str],
}

/// The events of a stream that were not handed over yet. The receiver is asked at the first one.
#[derive(Debug)]
pub(crate) struct Table {
    layout: &'static Layout,
    open: Option<(Wanted, BatchBuilder)>,
}

impl Table {
    /// No events yet.
    pub(crate) fn new(layout: &'static Layout) -> Table {
        Table { layout, open: None }
    }

    /// Adds an event; values that are absent are null.
    pub(crate) fn push(
        &mut self,
        time: Option<Time>,
        position: Position,
        values: &[Option<&str>],
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let layout = self.layout;
        let (wanted, builder) = self.open.get_or_insert_with(|| {
            let schema = Schema {
                artifact: Cow::Borrowed(layout.artifact),
                stream: layout.stream.to_owned(),
                fields: layout.fields.iter().map(|name| Cow::Borrowed(*name)).collect(),
                ..Schema::default()
            };
            (sink.wants(&schema), BatchBuilder::new(Arc::new(schema)))
        });
        let values = values.iter().enumerate().map(|(column, value)| value.filter(|_| wanted.has(column)));
        builder.push(time, position, values);
        if builder.is_full() { sink.batch(&builder.take()) } else { ControlFlow::Continue(()) }
    }

    /// Hands over what is left.
    pub(crate) fn finish(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        match &mut self.open {
            Some((_, builder)) if !builder.is_empty() => sink.batch(&builder.take()),
            Some(_) | None => ControlFlow::Continue(()),
        }
    }
}

/// Hands over what several tables still hold, in their order.
pub(crate) fn finish(tables: &mut [Table], sink: &mut dyn Sink) -> ControlFlow<()> {
    tables.iter_mut().try_for_each(|table| table.finish(sink))
}
