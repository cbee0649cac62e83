//! From a function to a declared job.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Attribute, Error, FnArg, Item, ItemFn, LitStr, PatType, Result, ReturnType, Type, ext::IdentExt, spanned::Spanned,
};

use crate::{
    args::{self, Arg},
    value::check_name,
};

/// The most arguments a function can have to be a handler.
const MOST_ARGUMENTS: usize = 8;

/// The function, and beside it the job that it does.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let function = function(item)?;
    let types = argument_types(&function)?;
    let args = args::parse(args)?;
    let name = name(&args, &function)?;
    let settings = settings(&args)?;
    let (ident, vis) = (&function.sig.ident, &function.vis);
    let cfgs: Vec<&Attribute> = function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
    // Spanned, so that an argument that is no such thing is what the compiler points at.
    let arguments = types.iter().map(|ty| quote_spanned!(ty.span()=> ::cron_manager::__private::is_from_run::<#ty>();));
    let returned = returned_type(&function)
        .map(|ty| quote_spanned!(ty.span()=> ::cron_manager::__private::is_handler_result::<#ty>();));
    let run = quote_spanned!(ident.span()=> .run(#ident));
    Ok(quote! {
        #function

        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #ident {}

        #(#cfgs)*
        impl ::cron_manager::DeclaredJob for #ident {
            const DECLARATION: ::cron_manager::Declaration = ::cron_manager::Declaration::new(#name, |manager| {
                #(#arguments)*
                #returned
                manager.job(#name) #settings #run
            });
        }

        #(#cfgs)*
        ::cron_manager::__private::inventory::submit! { <#ident as ::cron_manager::DeclaredJob>::DECLARATION }
    })
}

/// The item as a function that can do a job.
fn function(item: &TokenStream) -> Result<ItemFn> {
    let Item::Fn(function) = syn::parse2(item.clone())? else {
        return Err(Error::new(item.span(), "`#[cron_job]` belongs on an async fn"));
    };
    let signature = &function.sig;
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        let message = "a job has no `self`: make it a free function, and take what it needs by `State<T>`";
        return Err(Error::new(receiver.span(), message));
    }
    if signature.asyncness.is_none() {
        return Err(Error::new(signature.fn_token.span(), "a job is an `async fn`; write `async` before this `fn`"));
    }
    match signature.generics.params.first() {
        Some(parameter) => {
            Err(Error::new(parameter.span(), "a job has no generic parameters: nothing could choose them"))
        }
        None => Ok(function),
    }
}

fn argument_types(function: &ItemFn) -> Result<Vec<&Type>> {
    let inputs = &function.sig.inputs;
    if let Some(input) = inputs.iter().nth(MOST_ARGUMENTS) {
        let message = format!("a job takes at most {MOST_ARGUMENTS} arguments; `ActiveRun` has all that a run knows");
        return Err(Error::new(input.span(), message));
    }
    let types = inputs.iter().filter_map(|input| match input {
        FnArg::Typed(PatType { ty, .. }) => Some(&**ty),
        FnArg::Receiver(_) => None,
    });
    types
        .map(|ty| match ty {
            Type::ImplTrait(_) => {
                Err(Error::new(ty.span(), "a job's arguments have types with names, not `impl Trait`"))
            }
            ty => Ok(ty),
        })
        .collect()
}

/// What the function returns, if it can be named elsewhere.
fn returned_type(function: &ItemFn) -> Option<&Type> {
    let ReturnType::Type(_, ty) = &function.sig.output else { return None };
    // A word that only contains `impl` is taken for one, too: then it is the function that the compiler points at.
    let has_name = !ty.to_token_stream().into_iter().any(|token| token.to_string().contains("impl"));
    has_name.then_some(&**ty)
}

/// The job's name: the one given, or the function's.
fn name(args: &[Arg], function: &ItemFn) -> Result<TokenStream> {
    if let Some(arg) = args.iter().find(|arg| arg.key == "name") {
        return arg.expression();
    }
    let ident = &function.sig.ident;
    let name = ident.unraw().to_string();
    check_name(&name).map_err(|problem| {
        Error::new(ident.span(), format!("{problem}; give the job a name of its own by `name = \"…\"`"))
    })?;
    let name = LitStr::new(&name, ident.span());
    Ok(quote!(#name))
}

/// A call of the builder's method for each argument.
fn settings(args: &[Arg]) -> Result<TokenStream> {
    let calls = args.iter().filter(|arg| arg.key != "name").map(|arg| {
        let method = format_ident!("{}", arg.key);
        let value = arg.expression()?;
        Ok(quote!(.#method(#value)))
    });
    calls.collect()
}
