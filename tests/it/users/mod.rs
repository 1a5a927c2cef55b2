mod change;
mod close;
mod feed;
mod list;
mod read;
mod register;
