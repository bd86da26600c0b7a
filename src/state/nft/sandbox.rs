//! How CRI-O (1.33.0 to main of August 2026) names a pod in the comment of an element: by the first
//! 16 letters of base32(sha256(the sandbox id as 64 hex digits)).

use super::sha256::sha256;

/// The letters of RFC 4648's base32.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The comment that CRI-O gives the elements of a pod's sandbox.
///
/// ```
/// use hostport_audit::state::nft::comment_of;
///
/// let id = b"f078a8fd798fc3716833e1cf8daf15b8de404e1c89fd1b3f8eb7ae2ff7179bf4";
/// assert_eq!(&comment_of(id), b"D3DDTBHDWVYNNCNK");
/// ```
#[must_use]
pub fn comment_of(id: &[u8]) -> [u8; 16] {
    let mut bits =
        sha256(id).into_iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1));
    core::array::from_fn(|_| {
        let value = bits.by_ref().take(5).fold(0u8, |value, bit| value << 1 | bit);
        LETTERS.get(usize::from(value)).copied().unwrap_or_default()
    })
}
