mod advance;
mod list;
mod place;
mod read;
