use super::*;
use proptest::prelude::*;

fn watch(bytes: &[u8]) -> Verdict {
    Framing::new(8192).watch(bytes)
}

#[test]
fn ordinary_messages_pass() {
    let stream = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\
        POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na\nb\
        POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
        3;name=\"x\"\r\na\nb\r\n0\r\nX-Sum: 1\r\n\r\n\
        GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut framing = Framing::new(8192);
    assert_eq!(framing.watch(stream), Verdict::Pass);
    assert_eq!(framing.phase(), Phase::Idle);
}

#[test]
fn heads_that_parsers_disagree_about_are_refused() {
    let heads: [&[u8]; 14] = [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3, 3\r\n",
        b"Content-Length: +3\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"X: 1\r\n folded: 2\r\n",
        b"X: 1\n",
        b"X: a\0b\r\n",
        b"X: a\rb\r\n",
    ];
    for head in heads {
        let mut stream = b"POST / HTTP/1.1\r\n".to_vec();
        stream.extend_from_slice(head);
        stream.extend_from_slice(b"\r\n");
        let verdict = watch(&stream);
        let shown = String::from_utf8_lossy(head);
        assert!(matches!(verdict, Verdict::RefuseHead(at) if at < stream.len() - 1), "{shown}");
    }
}

#[test]
fn chunks_that_parsers_disagree_about_are_refused() {
    let long = [b"1;".as_slice(), &[b'x'; 300], b"\r\na\r\n"].concat();
    let bodies: [&[u8]; 9] = [
        b"3\nabc\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nabc\n",
        b"0x3\r\nabc\r\n",
        b"-1\r\n",
        b"\r\n",
        b"fffffffffffffffff\r\n",
        b"0\r\nContent-Length: 5\r\n\r\n",
        &long,
    ];
    for body in bodies {
        let stream = [b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", body].concat();
        let shown = String::from_utf8_lossy(body);
        assert!(matches!(watch(&stream), Verdict::RefuseBody(_)), "{shown}");
    }
}

#[test]
fn a_refused_head_leaves_what_came_before_it() {
    let good = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let stream = [good.as_slice(), b"GET / HTTP/1.1\n"].concat();
    assert_eq!(watch(&stream), Verdict::RefuseHead(good.len()));
}

#[test]
fn nothing_passes_while_an_upgrade_is_undecided() {
    let head = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    for (granted, verdict) in [(true, Verdict::Pass), (false, Verdict::RefuseHead(0))] {
        let mut framing = Framing::new(8192);
        let stream = [head.as_slice(), b"\x81\x00\n"].concat();
        assert_eq!(framing.watch(&stream), Verdict::PassThenWait(head.len()));
        framing.decide(granted);
        assert_eq!(framing.watch(b"\x81\x00\n"), verdict);
    }
}

#[test]
fn an_endless_head_is_refused() {
    let mut framing = Framing::new(100);
    assert_eq!(framing.watch(b"GET / HTTP/1.1\r\n"), Verdict::Pass);
    assert_eq!(framing.watch(&[b'x'; 100]), Verdict::RefuseHead(0));
}

proptest! {
    /// However the bytes are cut into reads, the verdict on the stream is the
    /// same, and falls no later.
    #[test]
    fn cuts_do_not_matter(
        parts in prop::collection::vec(prop_oneof![
            Just(&b"GET / HTTP/1.1\r\n"[..]), Just(&b"Content-Length: 2\r\n"[..]),
            Just(&b"Transfer-Encoding: chunked\r\n"[..]), Just(&b"\r\n"[..]), Just(&b"\n"[..]),
            Just(&b"2\r\n"[..]), Just(&b"ab"[..]), Just(&b"0\r\n\r\n"[..]),
        ], 0..12),
        cut in 1usize..7,
    ) {
        let stream = parts.concat();
        let whole = watch(&stream);
        let mut framing = Framing::new(8192);
        let cut = stream.chunks(cut).map(|part| framing.watch(part));
        let pieces = cut.into_iter().find(|verdict| *verdict != Verdict::Pass);
        let kind = |verdict: Verdict| std::mem::discriminant(&verdict);
        prop_assert_eq!(kind(pieces.unwrap_or(Verdict::Pass)), kind(whole));
    }
}
