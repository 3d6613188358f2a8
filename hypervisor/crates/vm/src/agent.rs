//! The guest agent's port: connected for as long as QEMU lives, and drained. A guest's agent that finds nobody at the
//! other end asks again and again, which triples an idle guest's CPU. Speaks no agent protocol yet.
use tokio::io::AsyncReadExt;

use crate::paths::VmPaths;
use crate::socket;

/// Nobody speaks to the agent, so it has next to nothing to say.
const READ_BYTES: usize = 4096;

/// Returns at once; the connection is kept until QEMU closes it, and ends with the daemon.
pub(crate) fn keep_company(paths: &VmPaths) {
    let mut stream = match socket::connect(&paths.socket("qga")) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%error, folder = %paths.volatile.display(), "the guest agent's port cannot be reached");
            return;
        }
    };
    tokio::spawn(async move {
        let mut unheard = [0; READ_BYTES];
        while stream.read(&mut unheard).await.is_ok_and(|count| count > 0) {}
    });
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[tokio::test]
    async fn an_agent_finds_company_that_takes_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let paths = VmPaths { kept: path.clone(), volatile: path.clone(), disks: path };
        let listener = socket::listen(&paths.socket("qga")).unwrap();
        keep_company(&paths);
        let talk = tokio::task::spawn_blocking(move || {
            let (mut agent, _) = listener.accept().unwrap();
            // More than any socket buffer holds: it passes only if somebody reads.
            agent.write_all(&vec![b'x'; 8 << 20]).unwrap();
            agent.shutdown(std::net::Shutdown::Write).unwrap();
            agent.read(&mut [0]).unwrap()
        });
        assert_eq!(talk.await.unwrap(), 0, "the daemon closes its end when QEMU has closed");
    }
}
