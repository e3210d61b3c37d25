//! Objects of stores that speak S3: found by their names, and read by ranges, some of them ahead of whoever reads.
//!
//! What is read is the version that was found: each request states it. Without the feature `object-store` their names are
//! refused, with what to do about it.

use crate::{
    error::{Error, ErrorKind, Result},
    model::invalid::Invalid,
};
use std::{io, path::Path};

/// The error of an input that is not what it was when it was found.
pub fn changed() -> io::Error {
    io::Error::other(CHANGED)
}

const CHANGED: &str =
    "it changed while it was read; wait until it is whole, or give a copy that stays as it is";

/// The error of an input that ends before the size that it has.
pub fn ended_early(size: u64) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, early_end(size))
}

fn early_end(size: u64) -> String {
    format!("it ends before its {size} bytes; it changed while it was read, or cannot be read whole")
}

/// Whose store it is: that decides from where in the environment its settings come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    S3,
    Oss,
}

const SCHEMES: [(&str, Service); 2] = [("s3://", Service::S3), ("oss://", Service::Oss)];

/// Refuses a place for results in a store: they are written to files of this machine, whole or not at all.
///
/// # Errors
///
/// What to do about it; the place is named by who knows how it was stated.
pub fn written_here(place: &Path) -> Result<(), &'static str> {
    // With one slash, as paths are shortened by some who hand them on.
    let scheme = place.to_str().and_then(|place| place.split_once(":/")).map(|(scheme, _)| scheme);
    let is_store =
        |own: &str| SCHEMES.iter().any(|(known, _)| known.trim_end_matches("://").eq_ignore_ascii_case(own));
    match scheme.is_some_and(is_store) {
        true => Err("stores are read and not written to: name a file of this machine, and upload it"),
        false => Ok(()),
    }
}

/// A place in a store: a bucket, and the key of an object there, or what the keys of several begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location<'a> {
    scheme: &'static str,
    service: Service,
    bucket: &'a str,
    key: &'a str,
}

impl<'a> Location<'a> {
    /// What an argument names, where that is no path of this machine.
    pub fn of(argument: &'a str) -> Option<Self> {
        SCHEMES.into_iter().find_map(|(scheme, service)| {
            let place = argument.strip_prefix(scheme)?;
            let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
            Some(Self { scheme, service, bucket, key })
        })
    }

    /// Whether it stands for all objects below it, as a folder does.
    #[cfg(feature = "object-store")]
    fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// The name of an object of the same bucket.
    fn name(&self, key: &str) -> String {
        format!("{}{}/{key}", self.scheme, self.bucket)
    }

    /// An error about it.
    fn refused(&self, why: impl Into<Invalid>) -> Error {
        Error::unusable(ErrorKind::Input, &self.name(self.key), why)
    }
}

pub use reached::{Object, Stores};

/// Without the feature: there is no object, and whoever names one is told why.
#[cfg(not(feature = "object-store"))]
mod reached {
    use super::{Location, Result, io};
    use crate::model::invalid::{Invalid, Remedy};
    use std::sync::Arc;

    /// None.
    #[derive(Debug)]
    pub enum Object {}

    impl Object {
        pub fn size(&self) -> u64 {
            match *self {}
        }

        pub fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            match *self {}
        }
    }

    /// No stores.
    #[derive(Debug, Default)]
    pub struct Stores;

    impl Stores {
        pub fn find(
            &mut self,
            place: &Location<'_>,
            _: impl FnMut(&str, &str, u64) -> bool,
        ) -> Result<Vec<(String, Arc<Object>)>> {
            self.has(place).map(|_| Vec::new())
        }

        pub fn has(&mut self, place: &Location<'_>) -> Result<bool> {
            let why = "is an object in a store, which this build cannot read: it was made without the feature object-store";
            let remedy = Remedy::BuildWith { feature: "object-store" };
            Err(place.refused(Invalid::new(why).with(remedy)))
        }
    }
}

#[cfg(feature = "object-store")]
mod reached {
    use super::{CHANGED, Location, Result, Service, early_end, io};
    use crate::{
        error::{Error, ErrorKind},
        model::invalid::Invalid,
    };
    use bytes::Bytes;
    use object_store::{
        BackoffConfig, ClientOptions, GetOptions, ObjectMeta, ObjectStore, RetryConfig,
        aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
        list::{PaginatedListOptions, PaginatedListStore},
        path::Path,
    };
    use std::{
        collections::{BTreeMap, HashSet, VecDeque},
        env,
        error::Error as _,
        fmt,
        future::poll_fn,
        sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
        thread,
        time::Duration,
    };
    use tokio::runtime::{Builder, Runtime};

    /// What one request reads: enough that its wait is small beside it, and little enough that what a reader of Parquet
    /// leaves out is not read with what it wants.
    const CHUNK: u64 = 2 << 20;
    /// What fails in passing is tried again so often, within this time.
    const RETRIES: usize = 6;
    const RETRIED_FOR: Duration = Duration::from_secs(60);
    /// A server that says nothing for so long has gone.
    const SILENCE: Duration = Duration::from_secs(30);
    const TO_CONNECT: Duration = Duration::from_secs(10);

    const NO_OBJECT: &str =
        "there is no such object, or no such bucket; what stands for all objects below it ends with /";

    const BAD_KEY: &str =
        "has a key with an empty part, or one of dots alone, which is not read; copy it to another key";

    fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores that were reached so far.
    #[derive(Default)]
    pub struct Stores {
        reading: Option<Arc<Reading>>,
        buckets: BTreeMap<(Service, String), Arc<AmazonS3>>,
    }

    impl fmt::Debug for Stores {
        /// Buckets alone: what reaches them holds credentials.
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_set().entries(self.buckets.keys()).finish()
        }
    }

    impl Stores {
        /// The object at a place, or all below it in the order of their keys, with their names; `keep` is shown the name of
        /// each of those, its key below the place, and its size.
        pub fn find(
            &mut self,
            place: &Location<'_>,
            mut keep: impl FnMut(&str, &str, u64) -> bool,
        ) -> Result<Vec<(String, Arc<Object>)>> {
            let (client, reading) = self.reached(place)?;
            if !place.is_prefix() {
                if place.key.starts_with('/') {
                    return Err(place.refused(BAD_KEY));
                }
                let found = reading.runtime.block_on(head(&client, place.key));
                let found = found.map_err(|error| {
                    let why = refusal(place.service, &error, NO_OBJECT);
                    place.refused(why)
                })?;
                return Ok(vec![object(place, &client, &reading, found)?]);
            }
            let failed = |error: &object_store::Error| {
                place.refused(refusal(place.service, error, "there is no such bucket"))
            };
            let mut found =
                reading.runtime.block_on(list(&client, place.key)).map_err(|error| failed(&error))?;
            only_by_name(&mut found).map_err(|name| {
                let why = format!(
                    "has two keys that differ in slashes around {name:?} alone; copy one to another key"
                );
                place.refused(why)
            })?;
            let mut objects = Vec::new();
            for meta in found {
                let key = meta.location.as_ref();
                let Some(below) = key.strip_prefix(place.key) else { continue };
                let is_folder = || match reading.runtime.block_on(head(&client, key)) {
                    Err(object_store::Error::NotFound { .. }) => Ok(true),
                    Err(error) => Err(failed(&error)),
                    Ok(_) => Ok(false),
                };
                if !keep(&place.name(key), below, meta.size) || meta.size == 0 && is_folder()? {
                    continue;
                }
                // A listing may lack what the object itself tells.
                let meta = match &meta.e_tag {
                    Some(_) => meta,
                    None => reading.runtime.block_on(head(&client, key)).map_err(|error| match error {
                        object_store::Error::NotFound { .. } => {
                            Error::unusable(ErrorKind::Input, &place.name(key), CHANGED)
                        }
                        error => failed(&error),
                    })?,
                };
                objects.push(object(place, &client, &reading, meta)?);
            }
            Ok(objects)
        }

        /// Whether there is an object at a place.
        pub fn has(&mut self, place: &Location<'_>) -> Result<bool> {
            let (client, reading) = self.reached(place)?;
            match reading.runtime.block_on(head(&client, place.key)) {
                Ok(_) => Ok(true),
                Err(object_store::Error::NotFound { .. }) => Ok(false),
                Err(error) => Err(place.refused(refusal(place.service, &error, ""))),
            }
        }

        /// What reaches the bucket of a place.
        fn reached(&mut self, place: &Location<'_>) -> Result<(Arc<AmazonS3>, Arc<Reading>)> {
            let reading = match &self.reading {
                Some(reading) => reading.clone(),
                None => {
                    let begun = Reading::begin().map_err(|error| place.refused(error.to_string()))?;
                    self.reading.insert(Arc::new(begun)).clone()
                }
            };
            let key = (place.service, place.bucket.to_owned());
            if let Some(client) = self.buckets.get(&key) {
                return Ok((client.clone(), reading));
            }
            let stated = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
            let builder = builder(place, &stated).map_err(|why| place.refused(why))?;
            let client = builder.build().map_err(|error| place.refused(cause(&error)))?;
            let client = Arc::new(client);
            self.buckets.insert(key, client.clone());
            Ok((client, reading))
        }
    }

    /// What the client of a bucket is made of: `stated` tells variables of the environment. None of the values may be
    /// shown.
    fn builder(
        place: &Location<'_>,
        stated: &dyn Fn(&str) -> Option<String>,
    ) -> Result<AmazonS3Builder, Invalid> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if place.bucket.is_empty() || !place.bucket.bytes().all(is_name) {
            let scheme = place.scheme;
            return Err(format!(
                "names no bucket; write it as {scheme}BUCKET/KEY, or {scheme}BUCKET/PREFIX/"
            )
            .into());
        }
        let builder = match place.service {
            Service::S3 => s3(stated)?,
            Service::Oss => oss(place.bucket, stated)?,
        };
        let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
        let retry = RetryConfig { backoff, max_retries: RETRIES, retry_timeout: RETRIED_FOR };
        let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
        let options = ClientOptions::new()
            .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")))
            .with_connect_timeout(TO_CONNECT)
            .with_read_timeout(SILENCE)
            .with_timeout_disabled();
        Ok(builder.with_bucket_name(place.bucket).with_retry(retry).with_client_options(options))
    }

    /// Where credentials come from that are not stated themselves: a token of a workload, or the service of a container.
    const ROLES: [(&str, AmazonS3ConfigKey); 6] = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", AmazonS3ConfigKey::WebIdentityTokenFile),
        ("AWS_ROLE_ARN", AmazonS3ConfigKey::RoleArn),
        ("AWS_ROLE_SESSION_NAME", AmazonS3ConfigKey::RoleSessionName),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", AmazonS3ConfigKey::ContainerCredentialsRelativeUri),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", AmazonS3ConfigKey::ContainerCredentialsFullUri),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", AmazonS3ConfigKey::ContainerAuthorizationTokenFile),
    ];

    fn s3(stated: &dyn Fn(&str) -> Option<String>) -> Result<AmazonS3Builder, Invalid> {
        let region = stated("AWS_REGION").or_else(|| stated("AWS_DEFAULT_REGION")).ok_or(
            "the environment does not tell the region of the bucket: set AWS_REGION, such as us-east-1",
        )?;
        let mut builder = AmazonS3Builder::new().with_region(region);
        if let Some(endpoint) = stated("AWS_ENDPOINT_URL_S3").or_else(|| stated("AWS_ENDPOINT_URL")) {
            parts_of_endpoint("AWS_ENDPOINT_URL", &endpoint)?;
            builder = builder.with_endpoint(endpoint);
        }
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        if let Some(credentials) = credentials(keys, stated)? {
            return Ok(credentials.onto(builder));
        }
        let has = |name| stated(name).is_some();
        if !(has("AWS_WEB_IDENTITY_TOKEN_FILE") && has("AWS_ROLE_ARN")
            || has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
            || has("AWS_CONTAINER_CREDENTIALS_FULL_URI") && has("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
        {
            return Err(no_credentials(keys));
        }
        for (name, key) in ROLES {
            if let Some(value) = stated(name) {
                builder = builder.with_config(key, value);
            }
        }
        Ok(builder)
    }

    /// The provider's own: its interface that speaks S3 takes requests to the host of a bucket alone.
    fn oss(bucket: &str, stated: &dyn Fn(&str) -> Option<String>) -> Result<AmazonS3Builder, Invalid> {
        let endpoint = stated("OSS_ENDPOINT").ok_or(
            "the environment does not tell the endpoint of the region: set OSS_ENDPOINT, such as \
             https://s3.oss-cn-hangzhou.aliyuncs.com",
        )?;
        let region = stated("OSS_REGION").ok_or(
            "the environment does not tell the region of the bucket: set OSS_REGION, such as cn-hangzhou",
        )?;
        let (scheme, host) = parts_of_endpoint("OSS_ENDPOINT", &endpoint)?;
        let own = ["OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"];
        let keys = [
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALIBABA_CLOUD_SECURITY_TOKEN",
        ];
        let credentials = match credentials(own, stated)? {
            Some(credentials) => credentials,
            None => credentials(keys, stated)?.ok_or_else(|| no_credentials(keys))?,
        };
        let builder = AmazonS3Builder::new()
            .with_region(region)
            .with_endpoint(format!("{scheme}{bucket}.{host}"))
            .with_virtual_hosted_style_request(true);
        Ok(credentials.onto(builder))
    }

    /// The scheme of an endpoint, and its host.
    fn parts_of_endpoint<'a>(variable: &str, endpoint: &'a str) -> Result<(&'a str, &'a str), Invalid> {
        let parts = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| endpoint.split_at_checked(scheme.len()).filter(|(own, _)| *own == scheme));
        parts.filter(|(_, host)| !host.is_empty() && !host.contains('@')).ok_or_else(|| {
            format!("{variable} is no endpoint: it begins with https:// and goes on with a host").into()
        })
    }

    struct Credentials {
        id: String,
        secret: String,
        token: Option<String>,
    }

    impl Credentials {
        fn onto(self, builder: AmazonS3Builder) -> AmazonS3Builder {
            let builder = builder.with_access_key_id(self.id).with_secret_access_key(self.secret);
            match self.token {
                Some(token) => builder.with_token(token),
                None => builder,
            }
        }
    }

    /// What these variables state; `None` where they state nothing.
    fn credentials(
        [id, secret, token]: [&str; 3],
        stated: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Credentials>, Invalid> {
        let lacks = |has: &str, lacking: &str| {
            Err(format!("the environment has {has}, and lacks {lacking}: set both").into())
        };
        match (stated(id), stated(secret)) {
            (Some(id), Some(secret)) => Ok(Some(Credentials { id, secret, token: stated(token) })),
            (None, None) => Ok(None),
            (Some(_), None) => lacks(id, secret),
            (None, Some(_)) => lacks(secret, id),
        }
    }

    fn no_credentials([id, secret, token]: [&str; 3]) -> Invalid {
        format!("the environment holds no credentials: set {id} and {secret}, and {token} where they are of a session").into()
    }

    async fn head(client: &AmazonS3, key: &str) -> object_store::Result<ObjectMeta> {
        let options = GetOptions::new().with_head(true);
        Ok(client.get_opts(&Path::parse(key)?, options).await?.meta)
    }

    async fn list(client: &AmazonS3, prefix: &str) -> object_store::Result<Vec<ObjectMeta>> {
        let mut found = Vec::new();
        let mut options = PaginatedListOptions::default();
        loop {
            let page = client.list_paginated(Some(prefix), options.clone()).await?;
            found.extend(page.result.objects);
            if page.page_token.is_none() {
                return Ok(found);
            }
            options.page_token = page.page_token;
        }
    }

    /// Puts objects in order; the library tells keys without a slash in front or at the end, which the folders have that
    /// consoles make: of no bytes, they give way to an object of that name. The name of two objects is an error.
    fn only_by_name(found: &mut Vec<ObjectMeta>) -> Result<(), String> {
        found.sort_by(|one, other| (&one.location, other.size).cmp(&(&other.location, one.size)));
        found.dedup_by(|next, kept| next.location == kept.location && next.size == 0);
        match found.windows(2).find(|pair| pair[0].location == pair[1].location) {
            Some(pair) => Err(pair[0].location.to_string()),
            None => Ok(()),
        }
    }

    fn object(
        place: &Location<'_>,
        client: &Arc<AmazonS3>,
        reading: &Arc<Reading>,
        meta: ObjectMeta,
    ) -> Result<(String, Arc<Object>), Error> {
        let name = place.name(meta.location.as_ref());
        let Some(version) = meta.e_tag else {
            return Err(place.refused(
                "the store tells no ETag, without which a change would not be seen; copy it here first",
            ));
        };
        let mut objects = locked(&reading.objects);
        let what = Version { client: client.clone(), path: meta.location, version, size: meta.size };
        let object = Arc::new(Object {
            number: objects.len(),
            what: Arc::new(what),
            asked: Mutex::default(),
            reading: reading.clone(),
        });
        objects.push(Arc::downgrade(&object));
        Ok((name, object))
    }

    /// Why a store cannot be read, in words that hold nothing of an answer but its status and its code: what is signed, and
    /// who signed it, may stand in the rest.
    fn refusal(service: Service, error: &object_store::Error, missing: &str) -> String {
        let keys = match service {
            Service::S3 => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Service::Oss => {
                "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET"
            }
        };
        let (code, status) = (code(error), status(&bottom(error)).map(str::to_owned));
        let is_status = |known: &str| status.as_deref().is_some_and(|status| status.starts_with(known));
        match error {
            object_store::Error::InvalidPath { .. } => BAD_KEY.into(),
            _ if code.as_deref() == Some("NoSuchBucket") => "there is no such bucket".into(),
            _ if is_status("404") => missing.to_owned(),
            _ if is_status("401") || is_status("403") => {
                let code = code.map_or_else(String::new, |code| format!(" ({code})"));
                format!("the store refuses it{code} to whom the environment names by {keys}")
            }
            _ => format!("the store cannot be read: {}", cause(error)),
        }
    }

    /// The code of the answer that an error is made of.
    fn code(error: &object_store::Error) -> Option<String> {
        let text = error.to_string();
        let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
        (code.len() < 80 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| code.to_owned())
    }

    /// What lies at the bottom of an error.
    fn bottom(error: &object_store::Error) -> String {
        let mut last = error.source();
        while let Some(next) = last.and_then(std::error::Error::source) {
            last = Some(next);
        }
        last.map_or_else(|| error.to_string(), ToString::to_string)
    }

    /// The status of an answer, as the library words an error of it.
    fn status(bottom: &str) -> Option<&str> {
        let (_, status) = bottom.split_once("status code: ")?;
        Some(status.split(':').next().unwrap_or(status).trim())
    }

    /// Why a request failed: the status and the code of an answer, or what kept it from coming.
    fn cause(error: &object_store::Error) -> String {
        let bottom = bottom(error);
        let code = code(error).map_or_else(String::new, |code| format!(" ({code})"));
        match status(&bottom) {
            Some(status) => format!("it answers {status}{code}"),
            None if bottom.contains("error response") => format!("it answers with an error{code}"),
            None => bottom,
        }
    }

    /// An object as it was when it was found.
    struct Version {
        client: Arc<AmazonS3>,
        path: Path,
        version: String,
        size: u64,
    }

    impl Version {
        /// One chunk of it.
        async fn chunk(&self, index: u64, spare: &Arc<Spare>) -> Result<Bytes, Invalid> {
            let range = index * CHUNK..((index + 1) * CHUNK).min(self.size);
            let wanted = range.end - range.start;
            let options = GetOptions::new().with_range(Some(range)).with_if_match(Some(&*self.version));
            let answer = self.client.get_opts(&self.path, options).await.map_err(|error| unread(&error))?;
            // A store may know no conditions.
            if answer.meta.e_tag.as_ref() != Some(&self.version) || answer.meta.size != self.size {
                return Err(CHANGED.into());
            }
            let (mut parts, mut buffer) = (answer.into_stream(), spare.take());
            while let Some(part) = poll_fn(|context| parts.as_mut().poll_next(context)).await {
                buffer.bytes.extend_from_slice(&part.map_err(|error| unread(&error))?);
                if buffer.bytes.len() as u64 > wanted {
                    break;
                }
            }
            if buffer.bytes.len() as u64 == wanted {
                Ok(Bytes::from_owner(buffer))
            } else {
                Err(early_end(self.size).into())
            }
        }
    }

    /// Buffers of chunks that nobody reads any more. Given back to the allocator, they leave holes between what others ask
    /// for: a third more memory.
    #[derive(Default)]
    struct Spare(Mutex<Vec<Vec<u8>>>);

    impl Spare {
        fn take(self: &Arc<Self>) -> Buffer {
            let spare = locked(&self.0).pop();
            let bytes = spare.unwrap_or_else(|| Vec::with_capacity(CHUNK as usize));
            Buffer { bytes, spare: self.clone() }
        }
    }

    /// The bytes of a chunk.
    struct Buffer {
        bytes: Vec<u8>,
        spare: Arc<Spare>,
    }

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }

    impl Drop for Buffer {
        fn drop(&mut self) {
            let mut bytes = std::mem::take(&mut self.bytes);
            bytes.clear();
            locked(&self.spare.0).push(bytes);
        }
    }

    /// Why an object that was found cannot be read.
    fn unread(error: &object_store::Error) -> Invalid {
        match error {
            object_store::Error::NotFound { .. } | object_store::Error::Precondition { .. } => CHANGED.into(),
            _ => format!("cannot be read to its end: {}", cause(error)).into(),
        }
    }

    /// An object that was found.
    pub struct Object {
        /// Among all objects.
        number: usize,
        what: Arc<Version>,
        /// The chunks that were asked for since its beginning was.
        asked: Mutex<HashSet<u64>>,
        reading: Arc<Reading>,
    }

    impl fmt::Debug for Object {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.what.path.fmt(f)
        }
    }

    impl Object {
        /// How many bytes it has.
        pub fn size(&self) -> u64 {
            self.what.size
        }

        /// Reads some bytes from `offset` on; none at its end alone.
        pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            if offset >= self.what.size || buffer.is_empty() {
                return Ok(0);
            }
            let index = offset / CHUNK;
            let bytes = self.chunk(index).wait().map_err(io::Error::other)?;
            // OK because a chunk is small.
            let rest = &bytes[(offset - index * CHUNK) as usize..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }

        /// A chunk, which is on its way; so are those behind it then, as many as were asked for in a row before it.
        fn chunk(&self, index: u64) -> Arc<Chunk> {
            let reading = &self.reading;
            let mut held = locked(&reading.held);
            let mut asked = locked(&self.asked);
            let chunk = held.take(self.number, index).unwrap_or_else(|| {
                // Whoever begins anew reads all of it again.
                if index == 0 {
                    asked.clear();
                }
                asked.insert(index);
                reading.fetch(&self.what, index)
            });
            held.hold(self.number, index, chunk.clone());
            let is_asked = |by: &u64| index.checked_sub(*by).is_some_and(|before| asked.contains(&before));
            let in_a_row = (1..=reading.ahead).take_while(is_asked).count() as u64;
            let chunks = self.what.size.div_ceil(CHUNK);
            for next in index + 1..(index + 1 + in_a_row).min(chunks) {
                if asked.insert(next) {
                    held.hold(self.number, next, reading.fetch(&self.what, next));
                }
            }
            drop(asked);
            if index == 0 {
                self.begin_next(&mut held);
            }
            chunk
        }

        /// The beginnings of the objects behind this one: many are small, and all are looked at in their order.
        fn begin_next(&self, held: &mut Held) {
            let objects = locked(&self.reading.objects);
            for next in objects.iter().skip(self.number + 1).take(self.reading.ahead as usize) {
                if let Some(next) = next.upgrade()
                    && next.what.size > 0
                    && !held.has(next.number, 0)
                {
                    locked(&next.asked).insert(0);
                    held.hold(next.number, 0, self.reading.fetch(&next.what, 0));
                }
            }
        }
    }

    /// What requests run on, and what they brought.
    struct Reading {
        runtime: Runtime,
        objects: Mutex<Vec<Weak<Object>>>,
        held: Mutex<Held>,
        spare: Arc<Spare>,
        /// How many chunks are asked for before they are read, at most.
        ahead: u64,
    }

    impl Reading {
        fn begin() -> io::Result<Self> {
            // Fails where the program has one already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let readers = thread::available_parallelism().map_or(1, usize::from);
            let ahead = (32 / readers).clamp(2, 8);
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            // Each reader has a chunk and those ahead of it.
            let held = Held { chunks: VecDeque::new(), most: (readers + 1) * (1 + ahead) };
            let (objects, spare) = <(Mutex<_>, Arc<_>)>::default();
            Ok(Self { runtime, objects, held: Mutex::new(held), spare, ahead: ahead as u64 })
        }

        /// Sends for a chunk.
        fn fetch(&self, what: &Arc<Version>, index: u64) -> Arc<Chunk> {
            let (what, chunk, spare) = (what.clone(), Arc::<Chunk>::default(), self.spare.clone());
            let coming = Coming(chunk.clone());
            self.runtime.spawn(async move { coming.0.put(what.chunk(index, &spare).await) });
            chunk
        }
    }

    /// Chunks by object and number; those that were not read for longest go first.
    struct Held {
        chunks: VecDeque<(usize, u64, Arc<Chunk>)>,
        most: usize,
    }

    impl Held {
        fn place(&self, object: usize, index: u64) -> Option<usize> {
            self.chunks.iter().position(|(own, at, _)| (*own, *at) == (object, index))
        }

        fn has(&self, object: usize, index: u64) -> bool {
            self.place(object, index).is_some()
        }

        fn take(&mut self, object: usize, index: u64) -> Option<Arc<Chunk>> {
            let place = self.place(object, index)?;
            self.chunks.remove(place).map(|(.., chunk)| chunk)
        }

        fn hold(&mut self, object: usize, index: u64, chunk: Arc<Chunk>) {
            self.chunks.push_back((object, index, chunk));
            if self.chunks.len() > self.most {
                self.chunks.pop_front();
            }
        }
    }

    /// Some bytes of an object, once they are there.
    #[derive(Default)]
    struct Chunk {
        bytes: Mutex<Option<Result<Bytes, Invalid>>>,
        came: Condvar,
    }

    impl Chunk {
        /// The first that is put stays.
        fn put(&self, bytes: Result<Bytes, Invalid>) {
            locked(&self.bytes).get_or_insert(bytes);
            self.came.notify_all();
        }

        fn wait(&self) -> Result<Bytes, Invalid> {
            let mut bytes = locked(&self.bytes);
            loop {
                if let Some(bytes) = &*bytes {
                    return bytes.clone();
                }
                bytes = self.came.wait(bytes).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// A chunk that is on its way: whatever becomes of its request, whoever waits for it is told.
    struct Coming(Arc<Chunk>);

    impl Drop for Coming {
        fn drop(&mut self) {
            self.0.put(Err("cannot be read to its end: its request was given up".into()));
        }
    }
}
