//! A request's picture and fields: the body is a picture file and the fields stand in the address, or the body is a form with both.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use multer::{Constraints, Multipart, SizeLimit};

use crate::web::limits::{MAX_FIELD_BYTES, MAX_FIELDS, MAX_NAME_LENGTH};
use crate::web::memory::Held;
use crate::web::queue::Queue;
use crate::web::reply::Failure;
use crate::web::upload::{discard, read_body};

/// What a picture without a name is called in messages.
const NAMELESS: &str = "the picture";
/// The picture's part of a form.
const PICTURE: &str = "picture";
/// The part with an example of the style.
const STYLE_PICTURE: &str = "style_picture";

/// The parameters of an address, in their order.
pub(super) type Parameters = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// A request, received and held.
pub(super) struct Form {
    pub(super) picture: Vec<u8>,
    /// The picture's file name, for messages only: it never becomes a path.
    pub(super) name: String,
    pub(super) style_picture: Option<Vec<u8>>,
    pub(super) fields: BTreeMap<String, String>,
    /// Memory of the bodies; dropped with them.
    pub(super) held: Held,
}

/// Receives a request whose fields are among `known`.
///
/// # Errors
/// For fields that are unknown or given twice, forms that are none, and bodies that are too large or too slow.
pub(super) async fn receive(
    queue: &Queue,
    headers: &HeaderMap,
    parameters: Parameters,
    body: Body,
    known: &[&str],
) -> Result<Form, Failure> {
    let fields = match from_address(parameters, known) {
        Ok(fields) => fields,
        Err(failure) => {
            discard(body).await;
            return Err(failure);
        }
    };
    let held = if queue.is_full() { None } else { queue.memory.receive() };
    let Some(mut held) = held else {
        discard(body).await;
        return Err(Failure::busy());
    };
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        let boundary = multer::parse_boundary(kind).map_err(|error| broken(&error))?;
        let bytes = read_body(body, &mut held, 2).await?;
        return read_form(bytes, boundary, fields, known, held).await;
    }
    let name = fields.get("name").map_or_else(|| NAMELESS.to_owned(), |name| tidy_name(name));
    let picture = read_body(body, &mut held, 1).await?;
    Ok(Form { picture, name, style_picture: None, fields, held })
}

fn from_address(parameters: Parameters, known: &[&str]) -> Result<BTreeMap<String, String>, Failure> {
    let hint = || format!("the fields are {}, each once", known.join(", "));
    let Query(parameters) = parameters.map_err(|error| Failure::bad_request(error.body_text(), hint()))?;
    let mut fields = BTreeMap::new();
    for (name, value) in parameters {
        add(&mut fields, name, value, known)?;
    }
    Ok(fields)
}

fn add(fields: &mut BTreeMap<String, String>, name: String, value: String, known: &[&str]) -> Result<(), Failure> {
    let hint = || format!("the fields are {}, each once", known.join(", "));
    let tidy = tidy_name(&name);
    if !known.contains(&name.as_str()) {
        return Err(Failure::bad_request(format!("there is no field \"{tidy}\""), hint()));
    }
    match fields.insert(name, value) {
        None => Ok(()),
        Some(_) => Err(Failure::bad_request(format!("the field \"{tidy}\" is given twice"), hint())),
    }
}

async fn read_form(
    bytes: Vec<u8>,
    boundary: String,
    mut fields: BTreeMap<String, String>,
    known: &[&str],
    held: Held,
) -> Result<Form, Failure> {
    let of_fields = known.iter().fold(SizeLimit::new(), |limit, field| limit.for_field(*field, MAX_FIELD_BYTES));
    let stream = tokio_stream::once(Ok::<_, Infallible>(Bytes::from(bytes)));
    let mut form = Multipart::with_constraints(stream, boundary, Constraints::new().size_limit(of_fields));
    let (mut picture, mut style_picture, mut file_name) = (None, None, None);
    let mut count = 0;
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        count += 1;
        if count > MAX_FIELDS {
            return Err(Failure::bad_request(format!("the form has more than {MAX_FIELDS} fields"), "send fewer"));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file = match name.as_str() {
            PICTURE => &mut picture,
            STYLE_PICTURE => &mut style_picture,
            _ => {
                let value = field.text().await.map_err(|error| broken(&error))?;
                add(&mut fields, name, value, known)?;
                continue;
            }
        };
        if name == PICTURE {
            file_name = field.file_name().map(tidy_name);
        }
        let content = field.bytes().await.map_err(|error| broken(&error))?;
        if file.replace(content.to_vec()).is_some() {
            return Err(Failure::bad_request(format!("the form has two parts \"{name}\""), "send one"));
        }
    }
    let missing = || {
        let hint = "send the file as the form's part \"picture\"";
        Failure::bad_request("the form has no picture", hint)
    };
    let picture = picture.ok_or_else(missing)?;
    let name = fields.get("name").map(|name| tidy_name(name)).or(file_name).unwrap_or_else(|| NAMELESS.to_owned());
    Ok(Form { picture, name, style_picture, fields, held })
}

fn broken(error: &multer::Error) -> Failure {
    Failure::bad_request(format!("the form cannot be read: {error}"), "send multipart/form-data, or the picture itself")
}

/// A file name fit for a message.
fn tidy_name(name: &str) -> String {
    let tidy: String = name.chars().filter(|character| !character.is_control()).take(MAX_NAME_LENGTH).collect();
    if tidy.trim().is_empty() { NAMELESS.to_owned() } else { tidy }
}
