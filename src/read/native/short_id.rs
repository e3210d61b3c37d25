//! Connection ids as integers, which are compared and looked up faster than texts.

/// Ids that fit with the comma behind them are short.
pub(crate) const SHORT_ID: usize = 32;
/// Ids of more bytes than this stand in no plain line.
pub(crate) const LONGEST_ID: usize = 64;
const WORDS: usize = SHORT_ID / 8;
type Words = [u64; WORDS];

/// A short id as integers, zeros behind it; or the digest of a long one.
///
/// The comma behind the id is part of it: it says where the id ends, whatever separates fields. Bytes that hold a
/// separator, a line end or a quote are the short id of no connection: a plain line whose id seems to be such a one is not
/// found. The last byte of a digest is one that no short id has there; who finds one compares the ids themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ShortId(Words);

/// Above all bytes of a digest but the last.
const DIGEST: u64 = 0xFF << 56;

impl ShortId {
    /// No id: it holds no comma.
    pub const NONE: Self = Self([0; WORDS]);

    /// `None` where it is too long for a plain line, or one could not hold it as it is.
    pub fn of(id: &[u8]) -> Option<Self> {
        let stands_plain = id.iter().all(|byte| !b"\",;\t\r\n".contains(byte));
        stands_plain.then(|| Self::padded(id).or_else(|| Self::digest(id))).flatten()
    }

    /// `None` where it is too long.
    pub fn padded(id: &[u8]) -> Option<Self> {
        let mut padded = [0; SHORT_ID];
        padded.get_mut(..id.len())?.copy_from_slice(id);
        *padded.get_mut(id.len())? = b',';
        Some(IdLength::new(id.len()).cut(&padded))
    }

    /// The digest of a long id; `None` where it is too long for that.
    pub fn digest(id: &[u8]) -> Option<Self> {
        let mut padded = [0; LONGEST_ID];
        padded.get_mut(..id.len())?.copy_from_slice(id);
        let (first, second) = padded.split_at(SHORT_ID);
        let mut words: Words = std::array::from_fn(|at| word(first, at) ^ word(second, at).rotate_left(23));
        words[WORDS - 1] |= DIGEST;
        Some(Self(words))
    }

    /// Whether it is a digest, which several ids may share.
    #[inline]
    pub fn is_digest(&self) -> bool {
        self.0[WORDS - 1] >= DIGEST
    }

    /// A number whose high bits tell ids apart.
    #[inline]
    pub fn hash(&self) -> u64 {
        // Each word has a factor of its own, so that no multiplication waits for another.
        const ODD: Words =
            [0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB, 0xD6E8_FEB8_6659_FD93];
        let products = self.0.iter().zip(ODD).map(|(word, odd)| word.wrapping_mul(odd));
        let mixed = products.fold(0u64, u64::wrapping_add);
        (mixed ^ (mixed >> 32)).wrapping_mul(ODD[0])
    }
}

/// The eight bytes at this place of such.
#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at * 8..at * 8 + 8]);
    u64::from_le_bytes(eight)
}

/// How many bytes an id has: as masks, and the comma behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdLength {
    /// Bytes of the id.
    pub bytes: usize,
    masks: Words,
    comma: Words,
}

impl IdLength {
    pub fn new(bytes: usize) -> Self {
        let mask = |word: usize| match bytes.saturating_sub(word * 8) {
            0 => 0,
            kept @ 1..8 => u64::MAX >> (64 - 8 * kept),
            _ => u64::MAX,
        };
        let comma = |word: usize| {
            if bytes / 8 == word { u64::from(b',') << (bytes % 8 * 8) } else { 0 }
        };
        Self { bytes, masks: std::array::from_fn(mask), comma: std::array::from_fn(comma) }
    }

    /// Whether an id of this length is short.
    #[inline]
    pub fn is_short(&self) -> bool {
        self.bytes < SHORT_ID
    }

    /// The short id of this length at the start of these bytes.
    #[inline]
    pub fn cut(&self, bytes: &[u8; SHORT_ID]) -> ShortId {
        ShortId(std::array::from_fn(|at| word(bytes, at) & self.masks[at] | self.comma[at]))
    }
}
