//! Where the rows of hours are kept: in memory while they are few, and further ones in a file, so that a month of any size is
//! metered in bounded memory (docs/decisions/0037).

use crate::{
    error::{Error, ErrorKind, Result},
    model::invalid::Invalid,
};
use file::{Aside, Spool};
use std::sync::atomic::{AtomicU64, Ordering};

/// So many bytes of rows are held in memory: the hours of 35,000 connections in a month.
const MOST_HELD: u64 = if cfg!(test) { 64 } else { 256 << 20 };

/// The encoded cells of an hour.
#[derive(Debug, Clone)]
pub(super) struct Row(Place);

#[derive(Debug, Clone)]
enum Place {
    Held(Box<[u8]>),
    Aside(Aside),
}

impl Row {
    /// Its cells, where they are in memory.
    pub fn held(&self) -> Option<&[u8]> {
        match &self.0 {
            Place::Held(cells) => Some(cells),
            Place::Aside(_) => None,
        }
    }

    /// Its cells, read into `room` where they were set aside.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where what was set aside cannot be had again.
    pub fn cells<'a>(&'a self, room: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        match &self.0 {
            Place::Held(cells) => Ok(cells),
            Place::Aside(aside) => match aside.read(room) {
                Ok(()) => Ok(room),
                Err(error) => {
                    let name = "the temporary file of metered hours";
                    Err(Error::unusable(ErrorKind::Input, name, Invalid::of_io(&error)))
                }
            },
        }
    }
}

/// Where the workers of a reading keep rows.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// Bytes that are held in memory.
    pub(super) held: AtomicU64,
    spool: Spool,
}

impl Shelf {
    /// Keeps a row: in memory as well where there is no room in the file.
    pub(super) fn row(&self, cells: &[u8]) -> Row {
        let length = cells.len() as u64;
        let held = self.held.fetch_add(length, Ordering::Relaxed) + length;
        if held > MOST_HELD
            && let Some(aside) = self.spool.write(cells)
        {
            self.held.fetch_sub(length, Ordering::Relaxed);
            return Row(Place::Aside(aside));
        }
        Row(Place::Held(cells.into()))
    }

    /// Has a row back, which needs no room any more.
    pub(super) fn give_back(&self, row: &Row) {
        let held = row.held().map_or(0, <[u8]>::len);
        self.held.fetch_sub(held as u64, Ordering::Relaxed);
    }
}

/// A file without a name, which goes with the last row that is in it.
#[cfg(feature = "files")]
mod file {
    use std::{
        fs::File,
        io,
        os::unix::fs::FileExt,
        sync::{
            Arc, OnceLock,
            atomic::{AtomicU64, Ordering},
        },
    };

    /// What stands somewhere in it.
    #[derive(Debug, Clone)]
    pub struct Aside {
        file: Arc<File>,
        at: u64,
        length: usize,
    }

    impl Aside {
        pub fn read(&self, room: &mut Vec<u8>) -> io::Result<()> {
            room.resize(self.length, 0);
            self.file.read_exact_at(room, self.at)
        }
    }

    #[derive(Debug, Default)]
    pub struct Spool {
        /// Bytes that are taken.
        taken: AtomicU64,
        /// Made once it is needed; `None` in it where there is none to be had.
        pub file: OnceLock<Option<Arc<File>>>,
    }

    impl Spool {
        /// `None` where it has no room.
        pub fn write(&self, bytes: &[u8]) -> Option<Aside> {
            let file = self.file.get_or_init(|| tempfile::tempfile().ok().map(Arc::new)).as_ref()?;
            let (length, file) = (bytes.len(), file.clone());
            let at = self.taken.fetch_add(length as u64, Ordering::Relaxed);
            file.write_all_at(bytes, at).ok()?;
            Some(Aside { file, at, length })
        }
    }
}

/// Without the feature `files` nothing is written anywhere.
#[cfg(not(feature = "files"))]
mod file {
    #[derive(Debug, Clone)]
    pub enum Aside {}

    impl Aside {
        pub fn read(&self, _: &mut Vec<u8>) -> std::io::Result<()> {
            match *self {}
        }
    }

    #[derive(Debug, Default)]
    pub struct Spool;

    impl Spool {
        pub fn write(&self, _: &[u8]) -> Option<Aside> {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_memory_has_no_room_for_is_read_again() {
        let shelf = Shelf::default();
        let rows: Vec<Row> = (0..10u8).map(|byte| shelf.row(&[byte; 20])).collect();
        let held = rows.iter().filter(|row| row.held().is_some()).count();
        assert_eq!(held, if cfg!(feature = "files") { 3 } else { 10 });
        let mut room = Vec::new();
        for (byte, row) in (0..).zip(&rows) {
            assert_eq!(row.cells(&mut room).unwrap(), [byte; 20]);
        }
        rows.iter().for_each(|row| shelf.give_back(row));
        assert!(shelf.row(&[1; 20]).held().is_some());
    }

    #[cfg(feature = "files")]
    #[test]
    fn a_file_that_fails_costs_memory_or_is_told() {
        let read_only = || Some(std::sync::Arc::new(std::fs::File::open("Cargo.toml").unwrap()));
        let shelf = Shelf::default();
        let _ = shelf.spool.file.set(read_only());
        assert!(shelf.row(&[1; 1000]).held().is_some());

        let shelf = Shelf::default();
        let row = shelf.row(&[1; 1000]);
        let file = shelf.spool.file.get().and_then(Option::as_ref).unwrap();
        file.set_len(999).unwrap();
        let error = row.cells(&mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("the temporary file of metered hours"), "{error}");
    }
}
