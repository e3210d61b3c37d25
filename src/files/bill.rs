//! The provider's bill: tables and pages of JSON, plain or compressed, and zip archives of them.

use super::{
    Inputs,
    file::{Input, unreadable},
    form,
};
use crate::{
    error::{Error, ErrorKind, Result},
    read::bill::{BYTES_OF_A_LINE, Bill, BillReader, BillSettings},
};
use std::io::{self, BufReader, Read};
use zip::{ZipArchive, result::ZipError};

/// Reads the inputs of the bill that `arguments` name.
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where one cannot be found or read, or is no bill.
pub fn read_bill(inputs: &mut Inputs, arguments: &[String], settings: &BillSettings) -> Result<Bill> {
    let most_lines = inputs.reading.memory / BYTES_OF_A_LINE;
    let mut reader = BillReader::new(settings).with_most_lines(most_lines);
    for input in inputs.find("bill", arguments)? {
        match input.is_archive().map_err(|error| unreadable(&input.name, &error))? {
            true => read_archive(&input, &mut reader)?,
            false => {
                let failed = |error| unreadable(&input.name, &error);
                let mut text = input.plain(|stored| Box::new(stored)).map_err(failed)?;
                reader.read(&input.name, &mut text)?;
            }
        }
    }
    // Whatever was found wrong with an input that did not stay what it was is beside the point.
    inputs.unchanged()?;
    reader.finish()
}

/// What is beyond both is no bill, but made to fill a memory or a disk: text takes a tenth of its size or less.
const MOST_EXPANDED: u64 = 200;
const ANY_EXPANDED: u64 = 64 << 20;

/// Reads the files of a zip archive, each under its name behind that of the archive.
fn read_archive(input: &Input, reader: &mut BillReader) -> Result<()> {
    let refuse = |why: &str| Error::unusable(ErrorKind::Input, &input.name, why);
    let broken = |error: &ZipError| refuse(&format!("is a broken zip archive: {error}; download it again"));
    let stored = input.stored().map_err(|error| unreadable(&input.name, &error))?;
    let mut archive = ZipArchive::new(BufReader::new(stored)).map_err(|error| broken(&error))?;
    if archive.has_duplicate_names() || archive.has_overlapping_files().map_err(|error| broken(&error))? {
        return Err(refuse("is a zip archive in which files have the same name or place; unpack it"));
    }
    for index in 0..archive.len() {
        let file = archive.by_index_data(index).map_err(|error| broken(&error))?;
        let own = String::from_utf8_lossy(file.name_raw()).into_owned();
        let name = format!("{}/{own}", input.name);
        let refuse = |why: &str| Error::unusable(ErrorKind::Input, &name, why);
        if file.is_dir() || is_mark(&own) {
            continue;
        }
        if file.encrypted() {
            return Err(refuse("is encrypted; unpack the archive with its password, and give the files"));
        }
        let most = file.compressed_size().saturating_mul(MOST_EXPANDED).max(ANY_EXPANDED);
        let file = archive.by_index(index).map_err(|error| match error {
            ZipError::CompressionMethodNotSupported(_) => {
                refuse("is packed by another method than deflate; unpack the archive, and give the files")
            }
            error => broken(&error),
        })?;
        let failed = |error| unreadable(&name, &error);
        let bounded = Box::new(Bounded { input: file, left: most });
        let mut text = form::member(bounded, input.encoding()).map_err(failed)?;
        reader.read(&name, &mut text)?;
    }
    Ok(())
}

/// Whether a file of an archive is a mark of a program, and no data.
fn is_mark(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with(['.', '_']))
}

/// Fails where more comes out than a bill can make of so few bytes.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            let why = format!(
                "grows to more than {MOST_EXPANDED} times its size: it is made to fill a memory, and no bill; where it is \
                 one, unpack it"
            );
            io::Error::new(io::ErrorKind::InvalidData, why)
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Reading, *};
    use std::io::Write;
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

    const BILL: &str = "BillingCycle,OwnerID,ProductCode,BillingDate,PretaxGrossAmount\n\
                        2026-10,1000000000000001,cdt,2026-10-05,96.00\n";

    fn zip_of(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in files {
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(*name, options).unwrap();
            writer.write_all(text).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// Lines of the bill that these bytes are, by their places, or why it is none.
    fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bill.zip");
        std::fs::write(&path, bytes).unwrap();
        let arguments = [path.to_string_lossy().into_owned()];
        let read = read_bill(&mut Inputs::new(Reading::default()), &arguments, &BillSettings::default());
        let own = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
        match read {
            Ok(bill) => Ok(bill.lines.iter().map(|line| own(line.place.to_string())).collect()),
            Err(error) => Err(own(error.to_string())),
        }
    }

    #[test]
    fn files_of_an_archive_are_read_under_their_names() {
        // The same bytes again would be refused: their lines would count twice.
        let other = BILL.replace("2026-10-05", "2026-10-06");
        assert_ne!(other, BILL);
        let utf16: Vec<u8> =
            [0xfeff].into_iter().chain(other.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let files: [(&str, &[u8]); 4] =
            [("a/one.csv", BILL.as_bytes()), ("two.csv", &utf16), ("empty.csv", b""), ("__MACOSX/._x", b"x")];
        for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
            let read = read(&zip_of(&files, method));
            assert_eq!(read, Ok(vec!["bill.zip/a/one.csv:2".into(), "bill.zip/two.csv:2".into()]));
        }
        assert_eq!(read(BILL.as_bytes()), Ok(vec!["bill.zip:2".into()]));
    }

    #[test]
    fn what_is_no_archive_of_bills_is_refused() {
        let good = zip_of(&[("one.csv", BILL.as_bytes())], CompressionMethod::Deflated);
        let why = |bytes: &[u8]| read(bytes).unwrap_err();
        // The flag of encryption stands in both headers of a file.
        let mut encrypted = good.clone();
        encrypted[6] |= 1;
        let central = good.windows(4).position(|own| own == b"PK\x01\x02").unwrap();
        encrypted[central + 8] |= 1;
        assert!(why(&encrypted).starts_with("bill.zip/one.csv: is encrypted"), "{}", why(&encrypted));
        let bomb = zip_of(&[("one.csv", &vec![b'1'; 80 << 20])], CompressionMethod::Deflated);
        assert!(why(&bomb).contains("bill.zip/one.csv: grows to more than 200 times"), "{}", why(&bomb));
        let nested = zip_of(&[("one.zip", &good)], CompressionMethod::Deflated);
        assert_eq!(why(&nested), "bill.zip/one.zip: is a zip archive; unpack it (within zip)");
        let workbook = zip_of(&[("xl/workbook.xml", b"<?xml")], CompressionMethod::Deflated);
        assert_eq!(why(&workbook), "bill.zip: is an Excel workbook; save it as CSV UTF-8");
        assert!(why(&zip_of(&[], CompressionMethod::Stored)).contains("the bill holds no line"));
        // A byte of what is stored: its sum no longer fits.
        let mut damaged = zip_of(&[("one.csv", BILL.as_bytes())], CompressionMethod::Stored);
        let at = damaged.windows(5).position(|own| own == b"96.00").unwrap();
        damaged[at] = b'8';
        assert!(read(&damaged).is_err());
        for end in 4..good.len() {
            assert!(read(&good[..end]).is_err(), "{end}");
        }
    }
}
