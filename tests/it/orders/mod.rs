mod advance;
mod keys;
mod list;
mod place;
mod read;
