// What reading a body's numbers into one float buffer, and writing them, costs with RapidJSON and simdjson.
//
//     json_baseline rapidjson|simdjson|write MILLISECONDS PATH...
//
// Prints one line for each body: nanoseconds of CPU for the whole body, bytes, numbers. Both parsers build their
// document and then copy the numbers out of it, as TensorFlow Serving does with RapidJSON; simdjson's parser and the
// float buffer are reused between passes.
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

double Now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

// As json-codec measures.
template <typename Pass>
double Best(double milliseconds, Pass pass) {
    double start = Now();
    volatile double checksum = pass();
    int passes = std::max(1, int(2e6 / std::max(Now() - start, 1.0)));
    double best = 1e300;
    do {
        double begin = Now();
        for (int i = 0; i < passes; i++) checksum = checksum + pass();
        best = std::min(best, (Now() - begin) / passes);
    } while (Now() - start < milliseconds * 1e6);
    return best;
}

void Flatten(const rapidjson::Value& value, std::vector<float>& numbers) {
    if (value.IsArray()) {
        for (const auto& element : value.GetArray()) Flatten(element, numbers);
    } else {
        numbers.push_back(value.GetFloat());
    }
}

void Flatten(simdjson::dom::element value, std::vector<float>& numbers) {
    if (value.is_array()) {
        for (auto element : simdjson::dom::array(value)) Flatten(element, numbers);
    } else {
        numbers.push_back(value.is_double() ? float(double(value)) : float(int64_t(value)));
    }
}

std::string Contents(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return fprintf(stderr, "usage: json_baseline rapidjson|simdjson|write MILLISECONDS PATH...\n"), 2;
    std::string what = argv[1];
    double milliseconds = atof(argv[2]);
    for (int i = 3; i < argc; i++) {
        std::string body = Contents(argv[i]);
        std::vector<float> numbers;
        auto rapid = [&] {
            numbers.clear();
            rapidjson::Document document;
            document.Parse(body.c_str());
            Flatten(document[document.HasMember("instances") ? "instances" : "inputs"], numbers);
            return numbers.back();
        };
        simdjson::padded_string padded(body);
        simdjson::dom::parser parser;
        auto simd = [&] {
            numbers.clear();
            simdjson::dom::element document = parser.parse(padded), data;
            if (document["instances"].get(data)) data = document["inputs"];
            Flatten(data, numbers);
            return numbers.back();
        };
        size_t size = body.size();
        double best;
        if (what == "write") {
            rapid();
            best = Best(milliseconds, [&] {
                rapidjson::StringBuffer buffer;
                rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
                writer.StartArray();
                for (float number : numbers) writer.Double(number);
                writer.EndArray();
                size = buffer.GetSize();
                return double(size);
            });
        } else if (what == "rapidjson") {
            best = Best(milliseconds, rapid);
        } else {
            best = Best(milliseconds, simd);
        }
        printf("%.0f %zu %zu\n", best, size, numbers.size());
    }
}
