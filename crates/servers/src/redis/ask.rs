//! A word with a Redis, in its protocol (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// What the server on that port answers to a command, its parts one a line; nothing where it answers that there is nothing.
///
/// Errors: no answer within a second; the server's own, by their text.
pub(super) fn ask(port: u16, words: &[&str]) -> io::Result<String> {
    const WAIT: Duration = Duration::from_secs(1);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), WAIT)?;
    stream.set_read_timeout(Some(WAIT))?;
    let words: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    let count = words.matches('$').count();
    stream.write_all(format!("*{count}\r\n{words}").as_bytes())?;
    let mut lines = Vec::new();
    read(&mut BufReader::new(stream), &mut lines)?;
    Ok(lines.join("\n"))
}

fn read(from: &mut impl BufRead, lines: &mut Vec<String>) -> io::Result<()> {
    let mut head = String::new();
    from.read_line(&mut head)?;
    let head = head.trim_end();
    let (kind, rest) = head.split_at_checked(1).ok_or(io::ErrorKind::UnexpectedEof)?;
    let count = || rest.parse::<i64>().map_err(io::Error::other);
    match kind {
        "-" => return Err(io::Error::other(rest.to_owned())),
        "*" => {
            for _ in 0..count()? {
                read(from, lines)?;
            }
        }
        "$" => {
            // Of something that is not there, -1.
            let Ok(length) = usize::try_from(count()?) else { return Ok(()) };
            let mut text = vec![0; length + 2];
            from.read_exact(&mut text)?;
            lines.push(String::from_utf8_lossy(&text[..length]).into_owned());
        }
        _ => lines.push(rest.to_owned()),
    }
    Ok(())
}
