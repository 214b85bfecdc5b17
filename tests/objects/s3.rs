//! A real S3 server for a test: `s3s-fs` on loopback, with a runtime of its own that is dropped to stop it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::gateway::free_port;

/// The only access key that it knows, and its secret.
pub(crate) const CREDENTIALS: [&str; 2] = ["AKIDEXAMPLE", "a-secret-that-stays-in-its-file"];

/// A server with one bucket, `mail`.
pub(crate) struct S3 {
    root: PathBuf,
    port: u16,
    runtime: Option<Runtime>,
}

impl S3 {
    /// Starts a server that keeps its objects below `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut server = Self { root: folder.join("s3"), port: free_port(), runtime: None };
        std::fs::create_dir_all(server.bucket()).unwrap();
        server.go_on();
        server
    }

    /// The folder of the bucket.
    pub(crate) fn bucket(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// Starts again after a stop.
    pub(crate) fn go_on(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&self.root).unwrap());
        builder.set_auth(SimpleAuth::from_single(CREDENTIALS[0], CREDENTIALS[1]));
        let service = builder.build();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))).unwrap();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    // A client that has gone is no trouble of the server's.
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        self.runtime = Some(runtime);
    }

    /// Stops: connections are cut, and nobody listens any more.
    pub(crate) fn stop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }

    /// The lines of `[store]` for this server, with a file of the credentials below `folder`.
    pub(crate) fn settings(&self, folder: &Path, credentials: [&str; 2]) -> String {
        let file = folder.join("credentials");
        std::fs::write(&file, format!("{}\n{}\n", credentials[0], credentials[1])).unwrap();
        format!("objects = \"{}\"\nobjects_credentials_file = \"{}\"\n", self.url(), file.display())
    }

    /// The address of the bucket, with a prefix.
    pub(crate) fn url(&self) -> String {
        format!("s3://mail/desk?endpoint=http://127.0.0.1:{}&region=eu-central-1", self.port)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
