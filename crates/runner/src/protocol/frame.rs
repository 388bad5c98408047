//! Events as bytes on the worker's stdout: one JSON value a line. Output is the
//! exception, because there can be much of it: its line says how many bytes
//! follow, and those come as they are, or packed as a block of LZ4.

use std::io;

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio_util::codec::Decoder;

use super::chunk::{Chunk, MOST_PACKED};
use super::{Event, StepIndex, Stream};

/// The longest line, and the most output at once, taken from a worker. Both
/// are far shorter.
const LONGEST: usize = 64 << 20;

/// What is heard that is not of the protocol.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The pipe broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line that is no event.
    #[error("a line that is no event: {0}")]
    Event(#[from] serde_json::Error),
    /// More than anything that a worker says.
    #[error("{0} bytes at once are more than a worker says")]
    TooLong(usize),
}

/// Announces output; `bytes` of it follow the line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "event", rename = "output")]
struct Announced {
    step: Option<StepIndex>,
    stream: Stream,
    bytes: usize,
    /// As many bytes the packed ones are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<usize>,
}

/// How the line of an [`Announced`] begins: the tag is written first.
const OUTPUT: &[u8] = br#"{"event":"output","#;

/// Reads events from what a worker writes.
#[derive(Debug, Default)]
pub struct Frames {
    /// What was announced and is not there yet.
    awaited: Option<Announced>,
    /// As much of the next line was looked at and has no end.
    looked_at: usize,
}

/// Writes what comes before an event's output, if it has any: the whole of any
/// other event. What is returned follows it.
///
/// # Errors
/// When the event cannot be said in JSON; every event can.
pub(crate) fn write(event: Event, line: &mut BytesMut) -> io::Result<Bytes> {
    let (announced, data) = match event {
        Event::Output { step, stream, data } => {
            let (of, data) = (data.unpacked(), data.into_sent());
            (Announced { step, stream, bytes: data.len(), of }, data)
        }
        event => {
            serde_json::to_writer(line.writer(), &event)?;
            line.put_u8(b'\n');
            return Ok(Bytes::new());
        }
    };
    serde_json::to_writer(line.writer(), &announced)?;
    line.put_u8(b'\n');
    Ok(data)
}

impl Decoder for Frames {
    type Item = Event;
    type Error = FrameError;

    fn decode(&mut self, heard: &mut BytesMut) -> Result<Option<Event>, FrameError> {
        loop {
            if let Some(Announced { step, stream, bytes, of }) = self.awaited {
                if heard.len() < bytes {
                    heard.reserve(bytes - heard.len());
                    return Ok(None);
                }
                self.awaited = None;
                let sent = heard.split_to(bytes).freeze();
                let data = match of {
                    Some(unpacked) => Chunk::packed(sent, unpacked),
                    None => Chunk::new(sent),
                };
                return Ok(Some(Event::Output { step, stream, data }));
            }
            let Some(end) = memchr::memchr(b'\n', &heard[self.looked_at..]) else {
                self.looked_at = heard.len();
                return if heard.len() > LONGEST {
                    Err(FrameError::TooLong(heard.len()))
                } else {
                    Ok(None)
                };
            };
            let line = heard.split_to(self.looked_at + end + 1);
            self.looked_at = 0;
            if !line.starts_with(OUTPUT) {
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            let announced: Announced = serde_json::from_slice(&line)?;
            let most = if announced.of.is_some() { MOST_PACKED } else { LONGEST };
            let longest = announced.bytes.max(announced.of.unwrap_or_default());
            if longest > most {
                return Err(FrameError::TooLong(longest));
            }
            self.awaited = Some(announced);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn output(step: Option<usize>, data: &[u8]) -> Event {
        Event::Output { step, stream: Stream::Stderr, data: Chunk::new(data.to_vec()) }
    }

    fn spoken(events: &[Event]) -> BytesMut {
        let mut all = BytesMut::new();
        for event in events {
            let data = write(event.clone(), &mut all).unwrap();
            all.extend_from_slice(&data);
        }
        all
    }

    #[test]
    fn output_follows_its_line_as_it_is() {
        let all = spoken(&[Event::Heartbeat, output(Some(3), b"a\n\xff")]);
        assert_eq!(
            all,
            &b"{\"event\":\"heartbeat\"}\n\
               {\"event\":\"output\",\"step\":3,\"stream\":\"stderr\",\"bytes\":3}\na\n\xff"[..]
        );
    }

    #[test]
    fn much_output_travels_packed() {
        let text = b"the same line again\n".repeat(1000);
        let data = Chunk::pack(text.clone(), &mut Vec::new());
        let event = Event::Output { step: None, stream: Stream::Stdout, data };
        let mut all = spoken(std::slice::from_ref(&event));
        assert!(all.len() < 500, "{} bytes", all.len());
        let heard = Frames::default().decode(&mut all).unwrap().unwrap();
        assert_eq!(heard, event);
        let Event::Output { data, .. } = heard else { panic!("{heard:?}") };
        assert_eq!(data.read(&mut Vec::new()).unwrap(), text);
        assert_eq!((data.last(), data.to_text().len()), (Some(b'\n'), text.len()));
    }

    #[test]
    fn what_is_packed_wrongly_is_an_error_when_it_is_read() {
        for (block, unpacked) in
            [(&b"\xff\xff"[..], 9), (b"", 1), (b"\x50hello", 4), (b"\x50hello", 6)]
        {
            let data = Chunk::packed(Bytes::from_static(block), unpacked);
            assert!(data.read(&mut Vec::new()).is_err(), "{block:?}");
            assert_eq!(data.to_text(), "");
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for bytes in [
            &b"hello\n"[..],
            b"{\"event\":\"output\",\"step\":3}\n",
            b"{\"event\":\"output\",\"step\":null,\"stream\":\"stdout\",\"bytes\":99999999999}\n",
            b"{\"event\":\"output\",\"step\":null,\"stream\":\"stdout\",\"bytes\":9,\"of\":99999999}\n",
        ] {
            let heard = Frames::default().decode(&mut BytesMut::from(bytes));
            assert!(heard.is_err(), "{heard:?}");
        }
    }

    proptest! {
        #[test]
        fn events_arrive_in_any_pieces(
            said in prop::collection::vec(
                (any::<Option<u8>>(), prop::collection::vec(any::<u8>(), 0..40)), 0..6),
            size in 1..30_usize,
        ) {
            let mut events = vec![Event::Heartbeat];
            events.extend(said.iter().map(|(step, data)| output(step.map(usize::from), data)));
            events.push(Event::Heartbeat);
            let (mut frames, mut heard, mut found) =
                (Frames::default(), BytesMut::new(), Vec::new());
            for piece in spoken(&events).chunks(size) {
                heard.extend_from_slice(piece);
                while let Some(event) = frames.decode(&mut heard).unwrap() {
                    found.push(event);
                }
            }
            prop_assert_eq!(found, events);
        }
    }
}
