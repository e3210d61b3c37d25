//! Short ids of connections as a few integers, which are compared and hashed at once.

/// Ids that fit with the comma behind them are short.
pub(crate) const SHORT_ID: usize = 32;
const WORDS: usize = SHORT_ID / 8;
type Words = [u64; WORDS];

/// A short id as integers, zeros behind it.
///
/// The comma behind the id is part of it: it says where the id ends. Bytes that hold a comma or a line end before that,
/// or a quote, are the short id of no connection: a plain line whose id seems to be such a one is not found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ShortId(Words);

impl ShortId {
    /// No id: it holds no comma.
    pub const NONE: Self = Self([0; WORDS]);

    /// `None` where it is too long, or a plain line could not hold it as it is.
    pub fn of(id: &[u8]) -> Option<Self> {
        let stands_plain = id.iter().all(|byte| !b"\",\r\n".contains(byte));
        Self::padded(id).filter(|_| stands_plain)
    }

    /// `None` where it is too long.
    pub fn padded(id: &[u8]) -> Option<Self> {
        let mut padded = [0; SHORT_ID];
        padded.get_mut(..id.len())?.copy_from_slice(id);
        *padded.get_mut(id.len())? = b',';
        Some(IdLength::new(id.len()).cut(&padded))
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

/// How many bytes an id has, and it with the comma behind as masks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdLength {
    /// Bytes of the id.
    pub bytes: usize,
    masks: Words,
}

impl IdLength {
    pub fn new(bytes: usize) -> Self {
        let mask = |word: usize| match (bytes + 1).saturating_sub(word * 8) {
            0 => 0,
            kept @ 1..8 => u64::MAX >> (64 - 8 * kept),
            _ => u64::MAX,
        };
        Self { bytes, masks: std::array::from_fn(mask) }
    }

    /// The id of this length at the start of these bytes.
    #[inline]
    pub fn cut(&self, bytes: &[u8; SHORT_ID]) -> ShortId {
        ShortId(std::array::from_fn(|word| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[word * 8..word * 8 + 8]);
            u64::from_le_bytes(eight) & self.masks[word]
        }))
    }
}
