"""The demo: one router inside a LangChain chain, a LangChain agent and a LlamaIndex query engine."""
