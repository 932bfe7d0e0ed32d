//! Rows of bounded length: a quote that is never closed must not fill the memory.

use std::cell::Cell;
use std::io::{Error, ErrorKind, Read};
use std::rc::Rc;

/// Longest row of a table or list, in bytes.
pub(crate) const MAX_ROW: u64 = 4 << 20;

/// Bytes read since the last whole row.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowMeter(Rc<Cell<u64>>);

impl RowMeter {
    /// A whole row was taken.
    pub(crate) fn row_ended(&self) {
        self.0.set(0);
    }
}

/// A reader that fails once a row has grown beyond [`MAX_ROW`].
#[derive(Debug)]
pub(crate) struct BoundedRows<R> {
    inner: R,
    meter: RowMeter,
}

impl<R: Read> BoundedRows<R> {
    /// The reader, and the meter that its user resets after every row.
    pub(crate) fn new(inner: R) -> (Self, RowMeter) {
        let meter = RowMeter::default();
        (Self { inner, meter: meter.clone() }, meter)
    }
}

impl<R: Read> Read for BoundedRows<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.meter.0.get() > MAX_ROW {
            return Err(Error::new(
                ErrorKind::InvalidData,
                format!("a row is longer than {} MiB: is a quote left open?", MAX_ROW >> 20),
            ));
        }
        let read = self.inner.read(into)?;
        self.meter.0.set(self.meter.0.get() + read as u64);
        Ok(read)
    }
}
